export type {
  Client,
  DeleteOptions,
  ListOptions,
  PatchType,
  Ref,
  ResourceClient,
  WatchEvent,
  WatchOptions,
  WriteOptions,
} from './client.ts'
export {
  defineController,
  done,
  indexes,
  watches,
  type ControllerDefinition,
  type IndexDefinition,
  type Lister,
  type ReconcileContext,
  type Result,
  type Watch,
} from './controller.ts'
export { createClient } from './create-client.ts'
export { discover, preferredResources, type Discovered, type DiscoveredResource } from './discovery/discovery.ts'
export { dynamicResource, type DynamicResource } from './dynamic.ts'
export type { EventDetails, EventRecorder, EventSubject } from './events.ts'
export { createEventRecorder, type EventRecorderOptions } from './events/recorder.ts'
export { createSeriesRecorder, type SeriesRecorderOptions } from './events/series-recorder.ts'
export { runControllers, type RunningControllers, type RunOptions } from './harness/run.ts'
export { inProcessTransport, type InProcessHandler } from './inprocess.ts'
export { InformerFactory, type InformerFactoryOptions } from './informer/factory.ts'
export { Informer, type EventHandler, type InformerOptions } from './informer/informer.ts'
export { until } from './informer/wait.ts'
export { runWhenLeading, type LeaderElectionOptions } from './leader-election/leader-election.ts'
export { listAll, pagesOf } from './pages.ts'
export { retryOnConflict } from './retry.ts'
export {
  TransportError,
  type ApiRequest,
  type ApiResponse,
  type ClientOptions,
  type RawWatchEvent,
  type Transport,
} from './transport.ts'
export { controllerRateLimiter, type RateLimiter } from './workqueue/rate-limiter.ts'
export { WorkQueue, type WorkQueueMetrics, type WorkQueueOptions } from './workqueue/workqueue.ts'

import type { Node } from '../api/generated/types/core/v1.ts'
import type { Frozen } from '../apimachinery/meta.ts'
import type { Client } from '../client/client.ts'
import type { Env } from '../lib/env.ts'
import { admit } from './admission/admission.ts'
import { keepHouse } from './cleanup/housekeeping.ts'
import { removeLeftovers } from './cleanup/leftovers.ts'
import type { KubeletConfig } from './config.ts'
import type { ImageService, RuntimeService } from './cri/services.ts'
import type { Host } from './host/host.ts'
import { keepLease } from './node/lease.ts'
import { meansOf } from './means-of.ts'
import { NodeAgent } from './node/node-agent.ts'
import { informerSource } from './pod/informer-source.ts'
import type { PodMeans } from './pod/means.ts'
import type { PodHandler, PodSource } from './pod/source.ts'
import type { Pod } from './pod/spec.ts'
import { PodWorkers } from './pod/workers.ts'
import type { Probes } from './probes/probes.ts'
import { pressureRefusal } from './eviction/plan.ts'
import { QosCgroups } from './qos.ts'
import { allocate, type Allocation } from './resize/allocation.ts'
import { watchRuntime } from './runtime/watch.ts'
import type { NodeApi } from './server/api.ts'
import { nodeApi } from './server/router.ts'
import { MirrorPods } from './static/mirrors.ts'
import { StaticPods } from './static/static-pods.ts'
import { sharedParts, type SharedParts } from './shared.ts'
import type { PodVolumes } from './volumes/pod-volumes.ts'

/** What a node agent is made of. Pure: whatever touches the machine comes in with `host`, `runtime` and `images`. */
export interface KubeletOptions {
  readonly client: Client
  readonly env: Env
  readonly config: KubeletConfig
  readonly host: Host
  readonly runtime: RuntimeService
  readonly images: ImageService
  /** Where the node's pods come from; an informer of its own when absent. */
  readonly source?: PodSource
  /** What other node agents of this process share with this one. */
  readonly shared?: SharedParts
  /** In place of probes that look. `onChange`: a verdict on one of this pod's containers has changed. */
  readonly probes?: (onChange: (uid: string) => void) => Probes
  /** In place of volumes on the host. */
  readonly volumes?: PodVolumes
  /** In place of a loop of its own that renews the node's lease. */
  readonly lease?: (node: NodeAgent, signal: AbortSignal) => Promise<void>
}

/** A node agent that runs. */
export interface Kubelet {
  /** The Node object as the API last showed it. */
  readonly node: Frozen<Node> | undefined
  readonly pods: PodWorkers
  /** What its server answers. */
  readonly api: NodeApi
  /** Stops everything but the containers: another agent can take over. */
  stop(): Promise<void>
}

/** Starts a node agent: adopts what the runtime has, registers the node, and sees to the pods that are bound to it. Resolves when that is under way. */
export async function startKubelet(options: KubeletOptions): Promise<Kubelet> {
  const { config, host } = options
  const stop = new AbortController()
  await host.files.mkdir(config.rootDir, 0o755)
  await host.files.mkdir(config.podLogsDir, 0o755)
  const parts = assemble(options, stop.signal)
  const { node, means, workers, qos, statics } = parts
  await Promise.all([node.look(), qos.prepare()])
  await means.observed.relist()
  await statics?.read()
  const background = run(options, parts, stop.signal)
  return {
    get node() {
      return node.node
    },
    pods: workers,
    api: nodeApi({ config, means, workers }),
    async stop() {
      stop.abort(new Error('the node agent stops'))
      qos.stop()
      await workers.stop()
      await Promise.allSettled(background)
    },
  }
}

interface Parts {
  readonly node: NodeAgent
  readonly means: PodMeans
  readonly workers: PodWorkers
  readonly mirrors: MirrorPods
  readonly statics: StaticPods | undefined
  readonly qos: QosCgroups
}

/** Makes the parts and ties them together. Nothing happens yet. */
function assemble(options: KubeletOptions, signal: AbortSignal): Parts {
  const { client, env, config, host, runtime, images } = options
  const shared = options.shared ?? sharedParts({ client, env, signal })
  const events = shared.eventsOf(config.nodeName)
  const onChange = (): void => workers.wakeAll()
  const node = new NodeAgent({ client, env, config, host, runtime, images, events, signal, onChange })
  const grant = (pod: Pod): Allocation => allocate(pod, workers.besides(pod), node.node)
  const means = meansOf(options, { shared, node, events, grant, mirrorOf: (pod) => mirrors.of(pod) })
  const workers: PodWorkers = new PodWorkers({
    means,
    admit: (pod, others) =>
      node.node && (pressureRefusal(pod, node.pressure) ?? admit(pod, others, node.node, host.machine.appArmor)),
    registry: shared.workers,
    onPods: () => qos.changed(),
    onSynced: () => tidyUp(means, workers),
  })
  const mirrors: MirrorPods = new MirrorPods({
    client,
    env,
    handler: workers,
    node: () => node.node,
    onMirror: (uid) => shared.workers.get(uid)?.wake(),
  })
  const { staticPodPath: dir, nodeName, podsCgroup: root } = config
  const statics =
    dir === undefined ? undefined : new StaticPods({ env, files: host.files, dir, nodeName, workers, mirrors })
  const { cpus } = host.machine
  const qos = new QosCgroups({ env, cgroups: host.cgroups, root, cpus, pods: () => workers.pods() })
  return { node, means, workers, mirrors, statics, qos }
}

function tidyUp(means: PodMeans, workers: PodWorkers): void {
  removeLeftovers(means, (uid) => workers.get(uid) !== undefined).catch((err: unknown) =>
    means.env.log.warn('could not clean up', { err }),
  )
}

/** Sets everything going; each ends when the signal aborts. */
function run(
  options: KubeletOptions,
  { node, means, workers, mirrors, statics }: Parts,
  signal: AbortSignal,
): Promise<void>[] {
  const { env, config, runtime } = options
  const { relistMs } = config
  const onHealth = (problem: Error | undefined): void => node.runtimeHealth(problem)
  const work: Readonly<Record<string, Promise<void> | undefined>> = {
    'the watch of the runtime': watchRuntime({ runtime, pods: means.observed, env, relistMs, onHealth }, signal),
    'the watch of pods': node.register().then(() => follow(options, mirrors, signal)),
    'the lease': (options.lease ?? ownLease(options))(node, signal),
    'static pods': statics?.follow(signal),
    housekeeping: config.housekeeping
      ? keepHouse({ means, workers, onPressure: (pressure) => node.pressed(pressure) }, signal)
      : undefined,
  }
  return Object.entries(work).map(async ([what, running]) => {
    await running?.catch((err: unknown) => {
      if (!signal.aborted) env.log.error(`${what} ended`, { err })
    })
  })
}

/** Pods are looked at only when the node is registered: what they may use is decided by then. */
function follow({ client, env, config, source }: KubeletOptions, handler: PodHandler, signal: AbortSignal): void {
  const pods = source ?? informerSource(client, env)
  if (!signal.aborted) pods.follow(config.nodeName, handler, signal)
}

function ownLease({ client, env, config }: KubeletOptions): NonNullable<KubeletOptions['lease']> {
  const { nodeName, leaseSeconds } = config
  return (node, signal) =>
    keepLease({ client, env, nodeName, leaseSeconds, nodeUid: () => node.node?.metadata.uid }, signal)
}

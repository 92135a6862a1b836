import type { ResourceDefinition } from '../apimachinery/resource.ts'
import type { Descriptions } from '../api/openapi/model.ts'
import type { Env } from '../lib/env.ts'
import type { Verbosity } from '../lib/verbosity.ts'
import type { Store } from '../store/store.ts'
import type { AdmissionPlugin } from './admission/types.ts'
import type { Auditor } from './audit/auditor.ts'
import type { Authenticator } from './authn/types.ts'
import type { Authorizer } from './authz/types.ts'
import type { Slices } from './flow-control/slices.ts'
import type { FlowController } from './flow-control/types.ts'
import type { HealthCheck } from './health/health.ts'
import type { Metrics } from './metrics/metrics.ts'
import type { ServiceNetwork, ServingByName } from './registry/built-in.ts'
import type { Connector } from './registry/connect/connector.ts'
import type { Route } from './routes/routes.ts'
import type { Tracer } from './tracing/tracer.ts'
import type { VersionInfo } from './version.ts'

/** What an API server is made of. Pure: sockets are serveHttps's business. */
export interface ApiServerOptions {
  readonly store: Store
  readonly env: Env
  /** Traces requests. */
  readonly tracer?: Tracer
  /** Says at any time whether each request is logged. */
  readonly verbosity?: Verbosity
  /** What is counted, for /metrics; what guards the server counts there, too. */
  readonly metrics?: Metrics
  readonly resources: readonly ResourceDefinition[]
  readonly authenticator: Authenticator
  readonly authorizer: Authorizer
  /** Tells of requests; nothing is told without. */
  readonly audit?: Auditor | undefined
  /** When a request's turn comes; at once when absent. */
  readonly flowControl?: FlowController
  /** When the turn of those comes who are not known yet. */
  readonly slices?: Slices
  /** In the order they run. */
  readonly admission: readonly AdmissionPlugin[]
  /** What resources do beyond the generic, by `plural.group`, or the plural alone in the core group; beyond builtInServing. */
  readonly serving?: ServingByName
  readonly serviceNetwork?: ServiceNetwork
  /** The way to nodes, pods and Services. */
  readonly connector?: Connector
  /** Beyond the store's own. */
  readonly healthChecks?: readonly HealthCheck[]
  /** Paths beyond resources, discovery, health and version: OpenAPI, metrics. */
  readonly routes?: readonly Route[]
  readonly version?: VersionInfo
  /** Texts for the OpenAPI documents, which are built out of the resources. */
  readonly descriptions?: Descriptions
  /** `host:port` where clients reach the server, for discovery. */
  readonly address?: string
  /** How often watches are told how far they have come; every minute unless told. */
  readonly bookmarkMs?: number
  /** Upstream's --min-request-timeout: a watch without timeoutSeconds lasts between this and twice this; half an hour unless told. */
  readonly minRequestTimeoutSeconds?: number
  /** Freezes what in-process clients are handed, to find who changes shared objects. For tests. */
  readonly freeze?: boolean
}

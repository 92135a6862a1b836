import type { ResourceDefinition } from '../apimachinery/resource.ts'
import { failure, internalError, StatusError } from '../apimachinery/status.ts'
import { andThen } from '../lib/and-then.ts'
import type { Env } from '../lib/env.ts'
import { REQUESTS, type Verbosity } from '../lib/verbosity.ts'
import { StoreError, type MaybePromise } from '../store/store.ts'
import type { Aggregation } from './aggregation/aggregation.ts'
import type { Auditor } from './audit/auditor.ts'
import { AdmissionChain } from './admission/chain.ts'
import { impersonated } from './authn/impersonation.ts'
import { ImpersonationMetrics } from './authn/impersonation-metrics.ts'
import { ANONYMOUS, type Authenticator, type Credentials, type UserInfo } from './authn/types.ts'
import { authorizationAttributes } from './authz/attributes.ts'
import { demandAllowed, tellDecision } from './authz/decision.ts'
import type { Authorization, Authorizer } from './authz/types.ts'
import type { FlowController, FlowTicket } from './flow-control/types.ts'
import { LocalStreams } from './flow-control/local-streams.ts'
import { Slices } from './flow-control/slices.ts'
import { tooManyRequests } from './flow-control/too-many.ts'
import { watchedFrom } from './flow-control/watch-start.ts'
import { Ending } from './ending.ts'
import { Metrics } from './metrics/metrics.ts'
import { collectFacts } from './metrics/facts.ts'
import { FilterMetrics } from './metrics/filter-metrics.ts'
import { RequestMetrics } from './metrics/request-metrics.ts'
import type { Answer } from './registry/answer.ts'
import { LocalNodes, noConnector } from './registry/connect/connector.ts'
import { createAsServer } from './inprocess/create-as-server.ts'
import { SharedObjects } from './inprocess/shared-objects.ts'
import { FieldIndexes } from './registry/field-index.ts'
import { ListCache } from './registry/list-cache.ts'
import { type Registry, serve, type Serving } from './registry/served.ts'
import { builtInServing, type ServingByName } from './registry/built-in.ts'
import { unknownResource } from './registry/refusals.ts'
import { storeFailure } from './registry/store-failure.ts'
import { tracedVerb } from './tracing/traced-verb.ts'
import type { Tracer } from './tracing/tracer.ts'
import { answerVerb } from './registry/verbs.ts'
import { type Call, header, told } from './request/call.ts'
import { timed } from './request/latencies.ts'
import { timedStore } from './request/timed-store.ts'
import { ResourceTable } from './resource-table.ts'
import { ownRoutes } from './routes/own-routes.ts'
import { Routes } from './routes/routes.ts'
import { pageNotFound } from './routes/text.ts'
import type { ApiServerOptions } from './server-options.ts'
import { DEFAULT_VERSION } from './version.ts'
import { ResourceHubs } from './watch/hub.ts'

const BOOKMARK_MS = 60_000

/** The API server: authorization, admission and registry over one store, with no socket of its own. */
export class ApiServer {
  readonly env: Env
  readonly registry: Registry
  /** What clients of this process hold. */
  readonly shared = new SharedObjects()
  readonly resources = new ResourceTable()
  /** What clients of this process wait in for themselves, where there is flow control. */
  readonly localStreams: LocalStreams | undefined
  /** Where nodes of the same process register. */
  readonly nodes: LocalNodes
  /** What is done before it is known whose it is. */
  readonly slices: Slices
  readonly ending = new Ending()
  readonly metrics: Metrics
  readonly #verbosity: Verbosity | undefined
  readonly #tracer: Tracer | undefined
  readonly #requests: RequestMetrics
  readonly #filters: FilterMetrics
  readonly #impersonations: ImpersonationMetrics
  readonly audit: Auditor | undefined
  readonly #authenticator: Authenticator
  readonly #authorizer: Authorizer
  readonly #flow: FlowController | undefined
  readonly #routes = new Routes()
  readonly #freeze: boolean
  readonly #serving: ServingByName
  readonly #builtIn: ServingByName
  #aggregation: Aggregation | undefined

  constructor(options: ApiServerOptions) {
    const { store, env, authorizer } = options
    this.env = env
    this.#verbosity = options.verbosity
    this.#tracer = options.tracer
    this.audit = options.audit
    this.metrics = options.metrics ?? new Metrics()
    this.#requests = new RequestMetrics(this.metrics)
    this.#filters = new FilterMetrics(this.metrics)
    this.#impersonations = new ImpersonationMetrics(this.metrics)
    collectFacts(this, options.version)
    this.nodes = new LocalNodes(options.connector ?? noConnector)
    this.slices = options.slices ?? new Slices(env.clock)
    this.#authenticator = options.authenticator
    this.#authorizer = authorizer
    const { flowControl } = options
    this.#flow = flowControl
    this.localStreams = flowControl && new LocalStreams()
    if (flowControl) {
      flowControl.initialize?.(this.resources)
      this.metrics.collect(() => flowControl.metrics())
    }
    this.#freeze = options.freeze ?? false
    this.#serving = options.serving ?? {}
    this.#builtIn = builtInServing(options.serviceNetwork ?? {}, env.random)
    const admission = new AdmissionChain(options.admission, this.metrics, env.clock)
    admission.initialize(this.resources, (path, object) => createAsServer(this, path, object))
    this.registry = {
      store,
      env,
      admission,
      authorizer,
      hubs: new ResourceHubs(store),
      resources: this.resources,
      connector: this.nodes,
      lists: new ListCache(store, env.clock),
      fieldIndexes: new FieldIndexes(store, env.clock),
      bookmarkMs: options.bookmarkMs ?? BOOKMARK_MS,
      minRequestTimeoutSeconds: options.minRequestTimeoutSeconds ?? 1800,
    }
    for (const definition of options.resources) this.addResource(definition)
    const routes = [
      ...ownRoutes({
        ending: this.ending,
        env,
        store,
        resources: this.resources,
        metrics: this.metrics,
        healthChecks: options.healthChecks ?? [],
        version: options.version ?? DEFAULT_VERSION,
        address: options.address ?? 'localhost:6443',
        descriptions: options.descriptions,
        aggregation: () => this.#aggregation,
        paths: () => this.paths(),
      }),
      ...(flowControl?.routes?.() ?? []),
      ...(options.routes ?? []),
    ]
    for (const route of routes) this.#routes.add(route)
  }

  /** Serves a resource from now on, or serves it anew. */
  addResource(definition: ResourceDefinition, serving?: Omit<Serving, 'freeze'>): void {
    const name = qualifiedName(definition)
    const builtIn = this.#builtIn[name]
    const given = serving ?? this.#serving[name]
    const hooks = { ...builtIn?.hooks, ...given?.hooks }
    const subresources = { ...builtIn?.subresources, ...given?.subresources }
    const virtual = given?.virtual ?? builtIn?.virtual
    const before = this.resources.find(definition.group, definition.version, definition.plural)
    this.resources.set(
      serve(definition, {
        hooks,
        subresources,
        virtual,
        custom: given?.custom,
        store: given?.store,
        conversions: given?.conversions,
        freeze: this.#freeze,
      }),
    )
    if (before) this.registry.hubs.end(before)
  }

  /** Lets API servers behind this one answer for what they claim. */
  aggregate(aggregation: Aggregation): void {
    this.#aggregation = aggregation
  }

  removeResource(definition: Pick<ResourceDefinition, 'group' | 'version' | 'plural'>): void {
    const before = this.resources.find(definition.group, definition.version, definition.plural)
    this.resources.delete(definition)
    if (before) this.registry.hubs.end(before)
  }

  /** Ends what goes on by itself. To be called when no more requests come; the store is not closed. */
  close(): void {
    this.registry.lists.close()
    this.registry.fieldIndexes.close()
    this.#flow?.stop?.()
  }

  /** Who sends these credentials; anonymous when nobody knows. Throws 401 for bad ones. */
  authenticate(credentials: Credentials): MaybePromise<UserInfo> {
    const failed = (error: unknown): never => {
      this.env.log.debug('authentication failed', { err: error, path: credentials.path })
      throw failure('Unauthorized', 'Unauthorized')
    }
    try {
      const found = this.#authenticator.authenticate(credentials)
      if (found instanceof Promise) return found.then((late) => late?.user ?? ANONYMOUS, failed)
      return found?.user ?? ANONYMOUS
    } catch (error) {
      return failed(error)
    }
  }

  /** Answers one request past authentication: at once when nothing has to be waited for. Throws nothing but StatusErrors. */
  answer(call: Call): MaybePromise<Answer> {
    const failed = (error: unknown): never => {
      if (error instanceof StatusError) throw error
      this.env.log.error('request failed', { err: error, path: call.info.path, method: call.method })
      if (error instanceof StoreError) throw storeFailure(error)
      call.audit?.panicked(error)
      throw internalError(error)
    }
    try {
      const { clock } = this.env
      const began = clock.monotonic()
      const counting = { counts: this.#impersonations, clock }
      const impersonating = (): MaybePromise<Call> =>
        impersonated(call, this.#authorizer, authorizationAttributes, counting)
      const answer = andThen(timed(told(call), clock, 'impersonation', impersonating), (acting) => {
        const known = clock.monotonic()
        const turn = this.#flow?.admit(acting)
        // Few wait for their turn.
        const taken = turn instanceof Promise ? timed(call.latencies, clock, 'apf-queue-wait', () => turn) : turn
        return andThen(taken, (ticket) => {
          const turnMs = clock.monotonic()
          if (ticket?.retryAfterSeconds === undefined) this.#filters.admitted(known - began, turnMs - known)
          return this.#go(acting, (call.flow = ticket), turnMs)
        })
      })
      return answer instanceof Promise ? answer.catch(failed) : answer
    } catch (error) {
      return failed(error)
    }
  }

  /** Begins the span of a request, when it is to be traced. */
  trace(call: Call, startedMs: number): void {
    if (this.#tracer) call.span = this.#tracer.start(call, startedMs)
  }

  /** Notes how a request ended, for /metrics. One that was refused before it came to what it asks for is not counted there, as upstream. */
  observe(call: Call, code: number, startedMs: number, { bytes, refused = false }: Ended = {}): void {
    const ms = this.env.clock.monotonic() - startedMs
    if (this.#verbosity && this.#verbosity.level >= REQUESTS) this.#log(call, code, ms)
    if (refused) return
    const { isResource, group, version, resource } = call.info
    // Names that nobody serves are not counted apart: anyone can make them up.
    const served = isResource ? this.resources.find(group, version, resource) : undefined
    if (isResource && !served) return
    if (served?.definition.deprecation !== undefined) this.#requests.deprecated(call)
    this.#requests.observe(call, {
      code,
      seconds: ms / 1000,
      secondsElsewhere: (call.latencies?.elsewhereMs ?? 0) / 1000,
      bytes,
    })
  }

  /** What counts the events of a watch, each with its size in bytes. */
  watchEvents(call: Call): (bytes: number) => void {
    return this.#requests.watchEvents(call)
  }

  /** As upstream logs a request. Its query is not logged: what stands there is the client's business. */
  #log({ method, info, headers }: Call, code: number, ms: number): void {
    const latency = `${ms.toFixed(3)}ms`
    const userAgent = header(headers, 'user-agent')
    this.env.log.info('HTTP', { verb: method, URI: info.path, latency, userAgent, resp: code })
  }

  /** Notes that a watch or its like goes on; returns what notes its end. */
  longRunning(call: Call): () => void {
    return this.#requests.began(call)
  }

  /** Notes that an aggregated API server was to answer and is not there. */
  unanswered(call: Call, code: number): void {
    this.#requests.terminated(call, code, 'aggregator')
  }

  /** Past flow control. */
  #go(call: Call, ticket: FlowTicket | undefined, nowMs: number): MaybePromise<Answer> {
    if (ticket?.retryAfterSeconds !== undefined) {
      this.#requests.terminated(call, 429, 'apiserver')
      return tooManyRequests(ticket.retryAfterSeconds)
    }
    const flow = this.#flow
    const answer = andThen(this.#authorize(call, nowMs), (failed) => failed ?? this.#route(call))
    if (!flow || call.info.verb !== 'watch') return answer
    return andThen(answer, (watch) => watchedFrom(watch, call, { flow, ticket, clock: this.env.clock }))
  }

  /** The answer when the server itself is at fault; throws 403. */
  #authorize(call: Call, nowMs: number): MaybePromise<Answer | undefined> {
    const attributes = authorizationAttributes(call)
    const asking = (): MaybePromise<Authorization> => this.#authorizer.authorize(attributes)
    return andThen(timed(told(call), this.env.clock, 'authorization', asking), (answer) => {
      this.#filters.authorized(answer, this.env.clock.monotonic() - nowMs)
      if (call.audit) tellDecision(call.audit, answer)
      return demandAllowed(call, attributes, answer)
    })
  }

  #route(call: Call): MaybePromise<Answer> {
    const { info } = call
    const passedOn = this.#aggregation?.answer(call)
    if (passedOn) return passedOn
    if (info.path.startsWith('//')) return pageNotFound()
    if (!info.isResource) return this.#routes.answer(call).then((answer) => answer ?? this.#nothing(info.path))
    const resource = this.resources.find(info.group, info.version, info.resource)
    if (resource)
      return call.span
        ? tracedVerb(this.registry, resource, call, call.span)
        : answerVerb(this.#registryOf(call), resource, call)
    return this.#nothing(info.path)
  }

  /** What is written is timed where that may be told. */
  #registryOf(call: Call): Registry {
    const latencies = told(call)
    if (!latencies || call.method === 'GET') return this.registry
    return { ...this.registry, store: timedStore(this.registry.store, this.env.clock, latencies) }
  }

  /** Upstream has a web service for /api and one for each group; outside them its mux answers. */
  #nothing(path: string): Answer {
    const [, root = '', group] = path.split('/')
    const isServed = root === 'api' || (root === 'apis' && group !== undefined && this.resources.servesBuiltIn(group))
    if (isServed) throw unknownResource()
    return pageNotFound()
  }

  /** Every path that is served, for `/`. */
  paths(): string[] {
    const groups = this.resources.groups().flatMap(({ name, versions }) => {
      const root = name === '' ? '/api' : `/apis/${name}`
      return [root, ...versions.map(({ version }) => `${root}/${version}`)]
    })
    return [...new Set([...this.#routes.paths(), ...groups])].filter((path) => path !== '/').sort()
  }
}

/** How a request ended. */
export interface Ended {
  /** Of the answer's body, when it is known. */
  readonly bytes?: number | undefined
  /** It was not allowed. */
  readonly refused?: boolean | undefined
}

/** Builds an API server. */
export function createApiServer(options: ApiServerOptions): ApiServer {
  return new ApiServer(options)
}

function qualifiedName({ group, plural }: ResourceDefinition): string {
  return group ? `${plural}.${group}` : plural
}

import { formatDuration } from '../../apimachinery/duration/duration.ts'
import { encodeJson, stringifyJson } from '../../apimachinery/codec/json/encode.ts'
import type { KubeObject } from '../../apimachinery/meta.ts'
import type { StructSchema } from '../../apimachinery/schema.ts'
import type { Status } from '../../apimachinery/status.ts'
import type { MaybePromise } from '../../store/store.ts'
import type { UserInfo } from '../authn/types.ts'
import type { RequestInfo } from '../request/info.ts'
import type { Latencies } from '../request/latencies.ts'
import type { Auditor, Incoming } from './auditor.ts'
import {
  AuditEvent,
  type ObjectReference,
  type RawJson,
  type RequestFacts,
  RequestTexts,
  type ResponseStatus,
  type StageFacts,
} from './event.ts'
import { isLongRunning } from '../request/long-running.ts'
import { type AuditConfig, reaches, type Stage } from './policy.ts'
import { sentJson } from './sent-json.ts'
import { withoutManagers } from './without-managers.ts'

/** Only of slow requests it is told what took how long. */
const SLOW_MS = 500

/** What is gathered of one request, and told stage by stage. */
export class RequestAudit {
  /** Filled on the way. */
  readonly annotations = new Map<string, string>()
  readonly auditID: string
  readonly #auditor: Auditor
  readonly #config: AuditConfig
  readonly #facts: RequestFacts
  readonly #texts: RequestTexts
  readonly #startedMs: number
  readonly #longRunning: boolean
  readonly #latencies: Latencies | undefined
  #objectRef: ObjectReference | undefined
  #impersonated: StageFacts['impersonated']
  #requestObject: RawJson | undefined
  #responseObject: RawJson | undefined
  #status: ResponseStatus | undefined
  #panicked = false
  #ended = false

  constructor(
    auditor: Auditor,
    config: AuditConfig,
    facts: RequestFacts,
    { info, latencies }: Pick<Incoming, 'info' | 'latencies'>,
  ) {
    this.#latencies = latencies
    this.#auditor = auditor
    this.#config = config
    this.#facts = facts
    this.#texts = new RequestTexts(facts)
    this.#startedMs = auditor.clock.monotonic()
    this.#longRunning = isLongRunning(info)
    this.auditID = facts.auditID
    this.#objectRef = referenceOf(info)
  }

  get wantsRequest(): boolean {
    return reaches(this.#config.level, 'Request')
  }

  get wantsResponse(): boolean {
    return this.#config.level === 'RequestResponse'
  }

  /** Tells that the request is there. False, or later so: that could not be told, and the request is to be refused. */
  received(): MaybePromise<boolean> {
    const answer = this.#tell('RequestReceived')
    if (answer === true) return true
    return answer === false ? this.#reject(false) : answer.then((late) => this.#reject(late))
  }

  #reject(told: boolean): boolean {
    if (!told) this.#auditor.metrics.rejected.inc()
    return told
  }

  /** Notes that the sender acts as someone else; by which right, if not by the one for everything. */
  impersonates(user: UserInfo, constraint: string): void {
    this.#impersonated = { user, constraint }
  }

  /** Notes a key once: what was said first stays. */
  annotate(key: string, value: string): void {
    if (!this.annotations.has(key)) this.annotations.set(key, value)
  }

  /** Notes the object that was sent, decoded and defaulted, as it is now. */
  sent(object: Readonly<Partial<KubeObject>>, schema: StructSchema): void {
    const { metadata } = object
    if (metadata) this.#objectRef = completed(this.#objectRef, metadata)
    if (!this.wantsRequest) return
    const { managedFields, ...rest } = metadata ?? {}
    const omits = managedFields !== undefined && this.#config.omitManagedFields
    this.#requestObject = encodeJson(schema, omits ? { ...object, metadata: rest } : object)
  }

  /** Notes the patch that was sent, as it is. Of what is no JSON there is nothing to tell until it is known what it says. */
  sentPatch(patch: Uint8Array): void {
    if (this.wantsRequest) this.#requestObject = sentJson(patch)
  }

  /** Notes what the patch that was sent says, unless it says so itself. */
  sentConfiguration(value: unknown): void {
    if (this.wantsRequest) this.#requestObject ??= stringifyJson(value)
  }

  /** Notes the answer's code, and its Status when it is one; of a request that lasts, tells that its answer begins. */
  answered(code: number, status?: Readonly<Partial<Status>>): MaybePromise<boolean> {
    // What is told of an end stays.
    if (this.#panicked || this.#ended) return true
    this.#status = { ...(status && boundedStatus(status)), code }
    return this.#longRunning ? this.#tell('ResponseStarted') : true
  }

  /** Notes the object of the answer, when it is to be told. */
  answeredWith(json: RawJson | undefined): void {
    if (!this.wantsResponse) return
    this.#responseObject = json !== undefined && this.#config.omitManagedFields ? withoutManagers(json) : json
  }

  /** Notes that the server itself failed. */
  panicked(error: unknown): void {
    this.#panicked = true
    const message = `APIServer panic'd: ${error instanceof Error ? error.message : String(error)}`
    this.#status = { status: 'Failure', message, reason: 'InternalError', code: 500 }
  }

  /** Tells that the request is over, once. */
  complete(): MaybePromise<boolean> {
    if (this.#ended) return true
    this.#ended = true
    if (!this.#status) {
      this.#status = { status: 'Success', message: 'Connection closed early', code: 200 }
      if (this.#longRunning) void this.#tell('ResponseStarted')
    }
    const totalMs = this.#auditor.clock.monotonic() - this.#startedMs
    if (totalMs > SLOW_MS) this.#annotateLatencies(totalMs)
    return this.#tell(this.#panicked ? 'Panic' : 'ResponseComplete')
  }

  #annotateLatencies(totalMs: number): void {
    for (const [layer, ms] of [...(this.#latencies?.all() ?? []), ['total', totalMs] as const]) {
      if (ms > 0) this.annotate(`apiserver.latency.k8s.io/${layer}`, formatDuration(ms))
    }
  }

  /** Tells of a request that is refused before it is known who sends it: its answer is all that is told. */
  refused(code: number, status: Readonly<Partial<Status>>): MaybePromise<boolean> {
    this.#ended = true
    this.#status = { ...boundedStatus(status), code }
    return this.#tell('ResponseStarted')
  }

  #tell(stage: Stage): MaybePromise<boolean> {
    if (this.#config.omitStages.has(stage)) return true
    this.#auditor.metrics.events.inc()
    return this.#auditor.sink.process([new AuditEvent(this.#facts, this.#at(stage), this.#texts)])
  }

  #at(stage: Stage): StageFacts {
    const isFirst = stage === 'RequestReceived'
    return {
      stage,
      stageMs: isFirst ? this.#facts.receivedMs : this.#now(),
      impersonated: this.#impersonated,
      objectRef: this.#objectRef,
      responseStatus: this.#status,
      requestObject: this.#requestObject,
      responseObject: this.#responseObject,
      annotations: this.annotations.size > 0 ? Object.fromEntries(this.annotations) : undefined,
    }
  }

  /** Never before the request was received, whatever the clock of the day does. */
  #now(): number {
    return this.#facts.receivedMs + (this.#auditor.clock.monotonic() - this.#startedMs)
  }
}

function boundedStatus({ status, message, reason, details }: Readonly<Partial<Status>>): ResponseStatus {
  return {
    ...(status && { status }),
    ...(message && { message }),
    ...(reason && { reason }),
    ...(details && { details }),
  }
}

/** In the order in which Go writes it. */
function referenceOf(info: RequestInfo): ObjectReference | undefined {
  if (!info.isResource) return undefined
  return reference({ ...info, apiGroup: info.group, apiVersion: info.version })
}

function reference({
  resource,
  namespace,
  name,
  uid,
  apiGroup,
  apiVersion,
  resourceVersion,
  subresource,
}: ObjectReference): ObjectReference {
  return {
    ...(resource && { resource }),
    ...(namespace && { namespace }),
    ...(name && { name }),
    ...(uid && { uid }),
    ...(apiGroup && { apiGroup }),
    ...(apiVersion && { apiVersion }),
    ...(resourceVersion && { resourceVersion }),
    ...(subresource && { subresource }),
  }
}

/** With what the object itself says, where the path says nothing. */
function completed(known: ObjectReference = {}, metadata: KubeObject['metadata']): ObjectReference {
  const { namespace, name, uid, resourceVersion } = metadata
  return reference({
    ...known,
    ...(!known.namespace && namespace && { namespace }),
    ...(!known.name && name && { name }),
    ...(!known.uid && uid && { uid }),
    ...(!known.resourceVersion && resourceVersion && { resourceVersion }),
  })
}

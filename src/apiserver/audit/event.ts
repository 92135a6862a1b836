import type { Status } from '../../apimachinery/status.ts'
import { stringifyJson } from '../../apimachinery/codec/json/encode.ts'
import { ByteSink } from '../../lib/byte-sink.ts'
import { goQuote } from '../../lib/quote.ts'
import type { UserInfo } from '../authn/types.ts'
import type { Level, Stage } from './policy.ts'

/** JSON that is ready to be written. */
export type RawJson = Uint8Array | string

/** What stays the same of a request from its first event to its last. */
export interface RequestFacts {
  readonly level: Level
  readonly auditID: string
  readonly requestURI: string
  readonly verb: string
  /** Absent when nobody knows who it is. */
  readonly user: UserInfo | undefined
  readonly sourceIPs: readonly string[]
  readonly userAgent: string
  /** In ms since the epoch, with fractions. */
  readonly receivedMs: number
}

/** audit.k8s.io ObjectReference. */
export interface ObjectReference {
  readonly resource?: string
  readonly namespace?: string
  readonly name?: string
  readonly uid?: string
  readonly apiGroup?: string
  readonly apiVersion?: string
  readonly resourceVersion?: string
  readonly subresource?: string
}

/** What the answer says of itself: of success only its code, unless it is a Status. */
export type ResponseStatus = Partial<Pick<Status, 'status' | 'message' | 'reason' | 'details' | 'code'>>

/** What is known when one stage is reached. */
export interface StageFacts {
  readonly stage: Stage
  readonly stageMs: number
  readonly impersonated?: { readonly user: UserInfo; readonly constraint: string } | undefined
  readonly objectRef?: ObjectReference | undefined
  readonly responseStatus?: ResponseStatus | undefined
  readonly requestObject?: RawJson | undefined
  readonly responseObject?: RawJson | undefined
  readonly annotations?: Readonly<Record<string, string>> | undefined
}

/** audit.k8s.io/v1 Event: one stage of one request. It never changes, and is encoded once. */
export class AuditEvent {
  readonly request: RequestFacts
  readonly at: StageFacts
  readonly #texts: RequestTexts
  #line: Uint8Array | undefined

  constructor(request: RequestFacts, at: StageFacts, texts: RequestTexts) {
    this.request = request
    this.at = at
    this.#texts = texts
  }

  /** In JSON, as a line. */
  jsonLine(): Uint8Array {
    return (this.#line ??= encoded(this.at, this.#texts))
  }

  /** The same to where it belongs: nothing is kept of it. */
  writeLine(to: ByteSink): void {
    if (this.#line) to.write(this.#line)
    else write(this.at, this.#texts, to)
  }

  /** The same without the line end. */
  json(): Uint8Array {
    return this.jsonLine().subarray(0, -1)
  }

  /** With an annotation, and without what makes it large. */
  truncated(annotation: string, value: string): AuditEvent {
    const { requestObject: _request, responseObject: _response, ...at } = this.at
    return new AuditEvent(this.request, { ...at, annotations: { ...at.annotations, [annotation]: value } }, this.#texts)
  }

  /** One line for people (upstream's legacy format). */
  line(): string {
    const { request, at } = this
    const { user } = request
    const groups = (list: readonly string[]): string => list.map(goQuote).join(',')
    const as = at.impersonated?.user
    const shown = {
      id: request.auditID,
      stage: at.stage,
      ip: request.sourceIPs[0] ?? '<unknown>',
      method: request.verb,
      user: user?.name || '<none>',
      groups: user?.name && user.groups.length > 0 ? groups(user.groups) : '<none>',
      as: as?.name ?? '<self>',
      asgroups: as && as.groups.length > 0 ? groups(as.groups) : '<lookup>',
      'user-agent': request.userAgent,
      namespace: at.objectRef?.namespace || '<none>',
      uri: request.requestURI,
    }
    const pairs = Object.entries(shown).map(([name, value]) => `${name}=${goQuote(value)}`)
    const code = at.responseStatus ? String(at.responseStatus.code ?? 0) : '<deferred>'
    return `${goTime(request.receivedMs)} AUDIT: ${pairs.join(' ')} response="${code}"`
  }
}

/** What all events of a request have in common, as it is written: made once for all of them. */
export class RequestTexts {
  readonly #request: RequestFacts
  #head: string | undefined
  #middle: string | undefined
  #origin: string | undefined
  #received: string | undefined

  constructor(request: RequestFacts) {
    this.#request = request
  }

  /** Up to the stage. */
  get head(): string {
    const { level, auditID } = this.#request
    return (this.#head ??= `{"kind":"Event","apiVersion":"audit.k8s.io/v1","level":"${level}","auditID":${JSON.stringify(auditID)},"stage":"`)
  }

  /** From the stage to the user. */
  get middle(): string {
    const { requestURI, verb, user } = this.#request
    return (this.#middle ??= `","requestURI":${JSON.stringify(requestURI)},"verb":${JSON.stringify(verb)},"user":${userText(user)}`)
  }

  /** Where it came from, and by what. */
  get origin(): string {
    const { sourceIPs, userAgent } = this.#request
    const ips = sourceIPs.length > 0 ? `,"sourceIPs":${JSON.stringify(sourceIPs)}` : ''
    return (this.#origin ??= ips + (userAgent && `,"userAgent":${JSON.stringify(userAgent)}`))
  }

  get received(): string {
    return (this.#received ??= microTime(this.#request.receivedMs))
  }
}

/** Users are the same objects for all requests of a connection or token. */
const userTexts = new WeakMap<UserInfo, string>()

function userText(user: UserInfo | undefined): string {
  if (!user) return '{}'
  const known = userTexts.get(user)
  if (known !== undefined) return known
  const { name, uid, groups, extra } = user
  const text = JSON.stringify({
    ...(name && { username: name }),
    ...(uid && { uid }),
    ...(groups.length > 0 && { groups }),
    ...(extra && Object.keys(extra).length > 0 && { extra: sorted(extra) }),
  })
  userTexts.set(user, text)
  return text
}

/** Go writes maps in the order of their keys. */
function sorted<T>(map: Readonly<Record<string, T>>): Record<string, T> {
  return Object.fromEntries(Object.entries(map).sort(([a], [b]) => (a < b ? -1 : 1)))
}

/** What an event without objects takes, about; with them that comes on top. */
const USUAL_BYTES = 1024

function encoded(at: StageFacts, texts: RequestTexts): Uint8Array {
  const sink = new ByteSink(USUAL_BYTES + lengthOf(at.requestObject) + lengthOf(at.responseObject))
  write(at, texts, sink)
  // Without the room that was left for what is longer in UTF-8: it may wait for long.
  return sink.view().slice()
}

const lengthOf = (raw: RawJson | undefined): number => raw?.length ?? 0

function write(at: StageFacts, texts: RequestTexts, to: ByteSink): void {
  const { impersonated, objectRef, responseStatus, requestObject, responseObject, annotations } = at
  let text = `${texts.head}${at.stage}${texts.middle}`
  if (impersonated) {
    text += `,"impersonatedUser":${userText(impersonated.user)}`
    const { constraint } = impersonated
    if (constraint) text += `,"authenticationMetadata":{"impersonationConstraint":${JSON.stringify(constraint)}}`
  }
  text += texts.origin
  if (objectRef) text += `,"objectRef":${JSON.stringify(objectRef)}`
  if (responseStatus) text += `,"responseStatus":${statusText(responseStatus)}`
  text = withField(text, 'requestObject', requestObject, to)
  text = withField(text, 'responseObject', responseObject, to)
  const stageTime = at.stage === 'RequestReceived' ? texts.received : microTime(at.stageMs)
  text += `,"requestReceivedTimestamp":"${texts.received}","stageTimestamp":"${stageTime}"`
  if (annotations) text += annotationsText(annotations)
  to.text(`${text}}\n`)
}

/** The text with a field; written before that field when its value is bytes, and what is left to be written. */
function withField(text: string, name: string, raw: RawJson | undefined, to: ByteSink): string {
  if (raw === undefined) return text
  if (typeof raw === 'string') return `${text},"${name}":${raw}`
  to.text(`${text},"${name}":`)
  to.write(raw)
  return ''
}

function statusText(status: ResponseStatus): string {
  const { status: isStatus, code, reason, message } = status
  if (!isStatus && !reason && !message && !status.details) return `{"metadata":{},"code":${code}}`
  return stringifyJson({ metadata: {}, ...status })
}

function annotationsText(annotations: Readonly<Record<string, string>>): string {
  const keys = Object.keys(annotations)
  if (keys.length === 0) return ''
  const pairs = keys.sort().map((key) => `${JSON.stringify(key)}:${JSON.stringify(annotations[key])}`)
  return `,"annotations":{${pairs.join(',')}}`
}

/** metav1.MicroTime. */
function microTime(ms: number): string {
  const whole = Math.floor(ms)
  const micros = Math.floor((ms - whole) * 1000)
  return `${new Date(whole).toISOString().slice(0, -1)}${String(micros).padStart(3, '0')}Z`
}

/** Go's RFC3339Nano: no zeros at the end. */
function goTime(ms: number): string {
  return microTime(ms).replace(/\.?0+Z$/, 'Z')
}

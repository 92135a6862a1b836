import { internalError, StatusError } from '../../apimachinery/status.ts'
import { andThen } from '../../lib/and-then.ts'
import { ByteSink } from '../../lib/byte-sink.ts'
import type { MaybePromise } from '../../store/store.ts'
import type { UserInfo } from '../authn/types.ts'
import { comesTooLate, ENDING_MESSAGE } from '../ending.ts'
import { encode, encodeError } from '../encode/encode.ts'
import type { Encoded, EncodedStream, EncodedWatch } from '../encode/encoded.ts'
import { type Call, header, told, warn } from '../request/call.ts'
import { timed } from '../request/latencies.ts'
import type { RequestHeaders } from '../authn/types.ts'
import { RefusedError } from '../authz/refused.ts'
import { NoRoomError } from '../flow-control/slices.ts'
import type { FlowTicket } from '../flow-control/types.ts'
import { isWellFormed } from '../request/info.ts'
import { warningHeaders } from '../request/warnings.ts'
import {
  type Accepted,
  ALL_MEDIA_TYPES,
  checkRoutable,
  JSON_TYPE,
  negotiate,
  negotiated,
  type Offer,
  UnroutableError,
} from '../request/negotiate.ts'
import { parseQuery } from '../request/query.ts'
import type { Answer } from '../registry/answer.ts'
import type { ApiServer } from '../server.ts'
import type { Span } from '../tracing/span.ts'
import { customOffer, objectOffer, transform } from '../transform/transform.ts'
import {
  type Arrival,
  arrivalOf,
  audited,
  beginAudit,
  refusedAtTheDoor,
  type Told,
  untold,
  writable,
} from './audited.ts'
import { compressed, compressedKept, compressing, wantsGzip, worthCompressing } from './compress.ts'
import type { Exchange, OutgoingHeaders } from './exchange.ts'
import { httpCall, pathOf, TOO_MANY } from './http-call.ts'
import type { Limits } from './limits.ts'
import type { Reader, SlowReaders } from './slow-readers.ts'
import { inTime, LATE_STATUS, timeLimit, TOO_LATE } from './time-limit.ts'

const PLAIN_JSON: Accepted = { mediaType: JSON_TYPE, target: undefined, pretty: false }
const PRETTY_JSON: Accepted = { ...PLAIN_JSON, pretty: true }
const OFFER = objectOffer(ALL_MEDIA_TYPES)
const CUSTOM_OFFER = customOffer()

/**
 * Answers one HTTP request, which has until its deadline, as has its body. Never throws or rejects. What need not wait does not: a read
 * is answered in the turn that it came in.
 */
export function answerHttp(server: ApiServer, exchange: Exchange, limits: Limits): MaybePromise<void> {
  if (!isWellFormed(pathOf(exchange.url))) return exchange.send(400, { ...MALFORMED }, '400 Bad Request')
  if (comesTooLate(server.ending, exchange.url))
    return exchange.send(429, { ...TOO_LATE_TO_ASK }, `${ENDING_MESSAGE}\n`)
  const arrival = arrivalOf(server, exchange)
  const failed = (error: unknown): void => {
    if (!exchange.begun && !(error instanceof NoRoomError))
      server.env.log.error('request failed', { err: error, path: pathOf(exchange.url) })
    exchange.destroy()
  }
  const { underWay } = limits
  underWay.add(exchange)
  try {
    const sent = andThen(encodedAnswer(server, exchange, limits, arrival), (all) => {
      const answered = withinMemory(all, exchange, limits)
      const { encoded, call, refused } = answered
      const headers: OutgoingHeaders = { 'audit-id': arrival.auditID, 'cache-control': 'no-cache, private' }
      if (refused) headers['x-content-type-options'] = 'nosniff'
      if (call) {
        server.observe(call, 'status' in encoded ? encoded.status : 200, arrival.startedMs, bytesOf(encoded))
        if (call.warnings.length > 0) headers['warning'] = warningHeaders(call.warnings)
        if (encoded.type === 'watch') exchange.onClose(server.longRunning(call))
        if (call.span) endSpan(call.span, encoded, exchange, headers['audit-id'])
      }
      const sending = (): MaybePromise<void> =>
        send(encoded, exchange, headers, { limits, events: () => (call ? server.watchEvents(call) : noEvents) })
      const telling = (): MaybePromise<void> =>
        call?.audit ? audited(call.audit, answered, exchange, sending) : sending()
      return call?.flow ? inTurn(call.flow, answered, headers, telling) : telling()
    })
    if (sent instanceof Promise) return sent.catch(failed).finally(() => underWay.delete(exchange))
    underWay.delete(exchange)
  } catch (error) {
    failed(error)
    underWay.delete(exchange)
  }
}

/** Smaller answers are not counted: connections have more of their own. */
const LARGE_BYTES = 64 * 1024

/** The answer, or that there is no room for it: what clients do not read stays in memory. What is not read in time is broken off. */
function withinMemory(answered: Answered, exchange: Exchange, { answers, deadlines }: Limits): Answered {
  const { encoded } = answered
  if (encoded.type !== 'body' || encoded.body.length <= LARGE_BYTES) return answered
  const bytes = encoded.body.length
  if (!answers.take(bytes)) return { call: answered.call, encoded: encodeError(TOO_MANY(), PLAIN_JSON) }
  const read = deadlines.add(() => exchange.destroy())
  exchange.onClose(() => {
    read()
    answers.give(bytes)
  })
  return answered
}

/** Of an answer that is all there. */
function bytesOf(encoded: Encoded): number | undefined {
  return encoded.type === 'body' ? encoded.body.length : undefined
}

const noEvents = (): void => {}

/** A request's span lasts until its answer is gone. */
function endSpan(span: Span, encoded: Encoded, exchange: Exchange, auditId: OutgoingHeaders[string] | undefined): void {
  const status = 'status' in encoded ? encoded.status : 200
  span.set('http.response.status_code', status)
  span.set('audit-id', String(auditId ?? ''))
  if (status >= 500) span.fail(`${status}`)
  exchange.onClose(() => span.end())
}

/** Sends the answer and ends its turn: of one that was late, when those who work at it have done. A watch's turn is the server's business. */
function inTurn(
  flow: FlowTicket,
  { encoded, unfinished }: Answered,
  headers: OutgoingHeaders,
  send: () => MaybePromise<void>,
): MaybePromise<void> {
  if (flow.levelUid !== undefined) headers['x-kubernetes-pf-prioritylevel-uid'] = flow.levelUid
  if (flow.schemaUid !== undefined) headers['x-kubernetes-pf-flowschema-uid'] = flow.schemaUid
  const end = (): void => flow.end()
  const over = (): void => (unfinished ? void unfinished.then(end, end) : end())
  try {
    const sent = send()
    if (sent instanceof Promise) return sent.finally(over)
  } catch (error) {
    over()
    throw error
  }
  if (encoded.type !== 'watch') over()
}

/** Of upstream's answer to who comes when the server ends. */
const TOO_LATE_TO_ASK = {
  'content-type': 'text/plain; charset=utf-8',
  'x-content-type-options': 'nosniff',
  'retry-after': '5',
}

/** What Go's server says before the API sees the request. */
const MALFORMED = { 'content-type': 'text/plain; charset=utf-8' }

/** Who sends a request. Throws 401. */
export function authenticate(
  server: ApiServer,
  exchange: Exchange,
  { notes }: Pick<Arrival, 'notes'>,
): ReturnType<ApiServer['authenticate']> {
  const { certificate } = exchange
  return server.authenticate({
    headers: exchange.headers,
    path: pathOf(exchange.url),
    peer: exchange,
    notes,
    ...(certificate && { clientCertificate: certificate }),
  })
}

interface Answered extends Told {
  /** Undefined when the sender could not be told. */
  readonly call: Call | undefined
  /** By an authorizer. */
  readonly refused?: boolean
  /** What is still worked at, though its time is over. */
  readonly unfinished?: Promise<unknown>
}

function encodedAnswer(
  server: ApiServer,
  exchange: Exchange,
  limits: Limits,
  arrival: Arrival,
): MaybePromise<Answered> {
  let accepted = PLAIN_JSON
  let call: Call | undefined
  let accepting = false
  // Asked when it is known that there is an answer, and before anything is done for it.
  const negotiate = (): void => {
    if (call) accepted = acceptedBy(server, call)
  }
  // A stranger hears no sooner, and so asks no sooner again, than it is a stranger's turn.
  const failed = (error: unknown): MaybePromise<Answered> =>
    accepting ? refusal(error) : andThen(server.slices.turn(exchange.remote), () => refusal(error))
  const refusal = (error: unknown): MaybePromise<Answered> => {
    const form = errorForm(exchange)
    const failure = error instanceof StatusError ? error : internalError(error)
    if (failure !== error) {
      server.env.log.error('request failed', { err: error, path: pathOf(exchange.url) })
      call?.audit?.panicked(error)
    }
    const answered = {
      encoded: encodeError(failure, form),
      call,
      refused: error instanceof RefusedError,
      ...(!(error instanceof UnroutableError) && { status: failure.status }),
    }
    return accepting ? answered : andThen(refusedAtTheDoor(server, exchange, arrival, failure), () => answered)
  }
  const encodedFor = (user: UserInfo): MaybePromise<Answered> => {
    const known = (call = httpCall(limits, exchange, user, { negotiate, auditID: arrival.auditID }))
    for (const text of arrival.notes.warnings) warn(known, text)
    server.trace(known, arrival.startedMs)
    const limit = timeLimit(known, limits.deadlines.ms)
    if (limit === 'none') limits.underWay.delete(exchange)
    accepting = true
    const late = (unfinished?: Promise<unknown>): Answered => ({
      encoded: TOO_LATE,
      call,
      status: LATE_STATUS,
      ...(unfinished && { unfinished }),
    })
    const answering = (): MaybePromise<Answered> => {
      // Less than anything takes.
      if (typeof limit === 'number' && limit < 1) return late()
      const answered: MaybePromise<Answered> = andThen(server.answer(known), (answer) =>
        andThen(transforming(server, known, answer, accepted), (transformed) =>
          andThen(writable(known, transformed), (written) =>
            andThen(encoding(server, known, written, accepted), (encoded): Answered => {
              return { encoded, call, answer: written, pretty: accepted.pretty }
            }),
          ),
        ),
      )
      return answered instanceof Promise
        ? inTime(answered, limit, { ...limits, clock: server.env.clock, late: () => late(answered) })
        : answered
    }
    if (!server.audit) return answering()
    known.latencies?.add('authentication', server.env.clock.monotonic() - arrival.startedMs)
    return andThen(beginAudit(server.audit, known, exchange, arrival), (told) =>
      told ? answering() : { encoded: untold(exchange), call: undefined },
    )
  }
  try {
    const answered = andThen(authenticate(server, exchange, arrival), encodedFor)
    return answered instanceof Promise ? answered.catch(failed) : answered
  } catch (error) {
    return failed(error)
  }
}

function transforming({ env }: ApiServer, call: Call, answer: Answer, { target }: Accepted): MaybePromise<Answer> {
  if (!target) return answer
  const work = (): MaybePromise<Answer> => transform(answer, target, call.query, env)
  return timed(told(call), env.clock, 'transform-response-object', work)
}

function encoding({ env }: ApiServer, call: Call, answer: Answer, accepted: Accepted): MaybePromise<Encoded> {
  const part = call.span?.child('SerializeObject', {
    method: call.method,
    url: call.info.path,
    mediaType: accepted.mediaType,
  })
  return andThen(
    timed(told(call), env.clock, 'serialize-response-object', () => encode(answer, accepted)),
    (encoded) => {
      part?.end()
      return encoded
    },
  )
}

function acceptedBy(server: ApiServer, call: Call): Accepted {
  const accept = header(call.headers, 'accept')
  const pretty = wantsPretty(call.headers, call.query)
  if (accept === '' || accept === '*/*' || accept === JSON_TYPE) return pretty ? PRETTY_JSON : PLAIN_JSON
  const { group, version, resource, verb, isResource } = call.info
  const isCustom = server.resources.find(group, version, resource)?.custom !== undefined
  if (!isCustom) checkRoutable(accept, verb)
  const accepted = negotiate(accept, isCustom ? CUSTOM_OFFER : isResource ? OFFER : PLAIN_OFFER)
  return pretty ? { ...accepted, pretty } : accepted
}

const PLAIN_OFFER: Offer = { mediaTypes: ALL_MEDIA_TYPES, allows: (target) => target === undefined }

/** The form of a refusal: no table, and JSON for people when the client takes nothing that there is. */
function errorForm({ headers, url }: Exchange): Accepted {
  const mark = url.indexOf('?')
  const pretty = wantsPretty(headers, parseQuery(mark < 0 ? '' : url.slice(mark + 1)))
  const accepted = negotiated(header(headers, 'accept'), PLAIN_OFFER)
  if (!accepted) return PRETTY_JSON
  return pretty ? { ...accepted, pretty } : accepted
}

/** People look at answers in browsers and with curl. */
function wantsPretty(headers: RequestHeaders, query: URLSearchParams): boolean {
  const asked = query.size > 0 ? query.get('pretty') : null
  if (asked) return asked === 'true' || asked === '1'
  return /^(curl|Wget|Mozilla\/5\.0)/.test(header(headers, 'user-agent'))
}

function send(
  encoded: Encoded,
  exchange: Exchange,
  headers: OutgoingHeaders,
  { limits, events }: { readonly limits: Limits; readonly events: () => (bytes: number) => void },
): MaybePromise<void> {
  Object.assign(headers, encoded.headers)
  switch (encoded.type) {
    case 'body': {
      if (!worthCompressing(encoded.body, headers) || !wantsGzip(exchange.headers)) {
        return exchange.send(encoded.status, headers, encoded.body)
      }
      return compressed(encoded.body, headers).then((body) => exchange.send(encoded.status, headers, body))
    }
    case 'stream':
      return sendStream(encoded, exchange, headers, limits)
    case 'watch':
      return sendWatch(encoded, exchange, headers, { readers: limits.readers, sent: events() })
  }
}

async function sendStream(
  encoded: EncodedStream,
  exchange: Exchange,
  headers: OutgoingHeaders,
  { deadlines }: Limits,
): Promise<void> {
  const parts = encoded.compress && wantsGzip(exchange.headers) ? await gzipped(encoded, headers) : encoded.parts
  const out = exchange.begin(encoded.status, headers)
  // What comes from elsewhere lasts as long as it likes; a list is to be read in time.
  const read = encoded.compress ? deadlines.add(() => exchange.destroy()) : noEnd
  try {
    for await (const part of parts) await out.write(part)
    out.end()
  } finally {
    read()
  }
}

const noEnd = (): void => {}

async function gzipped(
  { kept, parts }: EncodedStream,
  headers: OutgoingHeaders,
): Promise<AsyncIterable<Uint8Array> | Iterable<Uint8Array>> {
  if (!kept) return compressing(parts, headers)
  return (await compressedKept(kept, headers)) ?? parts
}

/** About what a watch holds at a time of what is there when it begins: many begin together. */
const HELD_BYTES = 24 * 1024

function sendWatch(
  { start }: EncodedWatch,
  exchange: Exchange,
  headers: OutgoingHeaders,
  { readers, sent }: { readonly readers: SlowReaders; readonly sent: (bytes: number) => void },
): void {
  const out = exchange.begin(200, headers)
  const reader: Reader = {
    get unread() {
      return out.unread
    },
    cut: () => exchange.destroy(),
  }
  let sink: ByteSink | undefined
  let held: ByteSink | undefined
  const stop = start({
    send(event) {
      sent(event.length)
      if (held) return held.write(event)
      out.send(event)
      readers.sent(reader)
    },
    end() {
      if (held) out.send(held.view())
      out.end()
    },
    held: () => held,
    hold: () => void (held = sink ??= new ByteSink(HELD_BYTES)),
    async taken(last) {
      const events = held?.view()
      held = undefined
      if (events && events.length > 0) await out.write(events)
      sink?.clear()
      if (last) sink = undefined
    },
  })
  exchange.onClose(() => {
    readers.gone(reader)
    stop()
  })
}

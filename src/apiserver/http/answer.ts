import { internalError, StatusError } from '../../apimachinery/status.ts'
import { andThen } from '../../lib/and-then.ts'
import type { MaybePromise } from '../../store/store.ts'
import type { UserInfo } from '../authn/types.ts'
import { comesTooLate, ENDING_MESSAGE } from '../ending.ts'
import { RefusedError } from '../authz/refused.ts'
import { encode, encodeError } from '../encode/encode.ts'
import type { Encoded } from '../encode/encoded.ts'
import { NoRoomError } from '../flow-control/slices.ts'
import type { FlowTicket } from '../flow-control/types.ts'
import type { Answer } from '../registry/answer.ts'
import { type Call, told, warn } from '../request/call.ts'
import { isWellFormed } from '../request/info.ts'
import { isLongRunning } from '../request/long-running.ts'
import { timed } from '../request/latencies.ts'
import { type Accepted, UnroutableError } from '../request/negotiate.ts'
import { warningHeaders } from '../request/warnings.ts'
import type { ApiServer } from '../server.ts'
import type { Span } from '../tracing/span.ts'
import { transform } from '../transform/transform.ts'
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
import type { Exchange, OutgoingHeaders } from './exchange.ts'
import { acceptedBy, errorForm, PLAIN_JSON } from './form.ts'
import { httpCall, pathOf, TOO_MANY } from './http-call.ts'
import type { Limits } from './limits.ts'
import { send } from './send.ts'
import { inTime, LATE_STATUS, type TimeLimit, timeLimit, TOO_LATE } from './time-limit.ts'

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
    const sent = andThen(new Handling(server, exchange, limits, arrival).answered(), (answered) =>
      finish(server, exchange, withinMemory(answered, exchange, limits), { limits, arrival }),
    )
    if (sent instanceof Promise) return sent.catch(failed).finally(() => underWay.delete(exchange))
    underWay.delete(exchange)
  } catch (error) {
    failed(error)
    underWay.delete(exchange)
  }
}

/** Counts, traces, tells of and sends an answer, and ends its turn. */
function finish(
  server: ApiServer,
  exchange: Exchange,
  answered: Answered,
  { limits, arrival }: { readonly limits: Limits; readonly arrival: Arrival },
): MaybePromise<void> {
  const { encoded, call, refused } = answered
  const headers: OutgoingHeaders = { 'audit-id': arrival.auditID, 'cache-control': 'no-cache, private' }
  if (refused) headers['x-content-type-options'] = 'nosniff'
  let sent: Sent | undefined
  if (call) {
    const code = 'status' in encoded ? encoded.status : 200
    if (call.warnings.length > 0) headers['warning'] = warningHeaders(call.warnings)
    if (encoded.type === 'body') server.observe(call, code, arrival.startedMs, { bytes: encoded.body.length, refused })
    else sent = observeAtEnd(server, exchange, call, { code, startedMs: arrival.startedMs })
    if (call.span) endSpan(call.span, encoded, exchange, arrival.auditID)
  }
  const sending = (): MaybePromise<void> =>
    send(encoded, exchange, headers, { limits, events: () => sent?.event ?? noEvents })
  const telling = (): MaybePromise<void> => (call?.audit ? audited(call.audit, answered, exchange, sending) : sending())
  return call?.flow ? inTurn(call.flow, answered, headers, telling) : telling()
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

/** What notes that an event was sent. */
interface Sent {
  readonly event: (bytes: number) => void
}

/** Counts a request when its client has all of the answer; until then it goes on, when it is of the kind that does. */
function observeAtEnd(
  server: ApiServer,
  exchange: Exchange,
  call: Call,
  { code, startedMs }: { readonly code: number; readonly startedMs: number },
): Sent {
  const ended = isLongRunning(call.info) ? server.longRunning(call) : undefined
  let event: ((bytes: number) => void) | undefined
  let bytes = 0
  exchange.onClose(() => {
    ended?.()
    server.observe(call, code, startedMs, call.info.verb === 'watch' ? { bytes } : {})
  })
  return {
    event(size) {
      bytes += size
      event ??= server.watchEvents(call)
      event(size)
    },
  }
}

const noEvents = (): void => {}

/** A request's span lasts until its answer is gone. */
function endSpan(span: Span, encoded: Encoded, exchange: Exchange, auditId: string): void {
  const status = 'status' in encoded ? encoded.status : 200
  span.set('http.response.status_code', status)
  span.set('audit-id', auditId)
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

/** One request on its way in: who sends it, the audit, the server's own chain, and the form of what comes of it. */
class Handling {
  readonly #server: ApiServer
  readonly #exchange: Exchange
  readonly #limits: Limits
  readonly #arrival: Arrival
  #accepted = PLAIN_JSON
  #call: Call | undefined
  /** Whoever sends it is known, and so is how long it may take: what goes wrong from here on is an answer to somebody. */
  #isAccepted = false

  constructor(server: ApiServer, exchange: Exchange, limits: Limits, arrival: Arrival) {
    this.#server = server
    this.#exchange = exchange
    this.#limits = limits
    this.#arrival = arrival
  }

  /** Authentication; what follows is for those who are known. Throws nothing: whatever fails is answered. */
  answered(): MaybePromise<Answered> {
    try {
      const answered = andThen(authenticate(this.#server, this.#exchange, this.#arrival), (user) => this.#audited(user))
      return answered instanceof Promise ? answered.catch((error: unknown) => this.#failed(error)) : answered
    } catch (error) {
      return this.#failed(error)
    }
  }

  /** What cannot be told of is not answered. */
  #audited(user: UserInfo): MaybePromise<Answered> {
    const call = httpCall(this.#limits, this.#exchange, user, {
      // Asked when it is known that there is an answer, and before anything is done for it.
      negotiate: () => void (this.#accepted = acceptedBy(this.#server, call)),
      auditID: this.#arrival.auditID,
    })
    this.#call = call
    for (const text of this.#arrival.notes.warnings) warn(call, text)
    this.#server.trace(call, this.#arrival.startedMs)
    const limit = timeLimit(call, this.#limits.deadlines.ms)
    if (limit === 'none') this.#limits.underWay.delete(this.#exchange)
    this.#isAccepted = true
    const { audit } = this.#server
    if (!audit) return this.#inTime(call, limit)
    call.latencies?.add('authentication', this.#server.env.clock.monotonic() - this.#arrival.startedMs)
    return andThen(beginAudit(audit, call, this.#exchange, this.#arrival), (told) =>
      told ? this.#inTime(call, limit) : { encoded: untold(this.#exchange), call: undefined },
    )
  }

  #inTime(call: Call, limit: TimeLimit): MaybePromise<Answered> {
    const late = (unfinished?: Promise<unknown>): Answered => ({
      encoded: TOO_LATE,
      call,
      status: LATE_STATUS,
      ...(unfinished && { unfinished }),
    })
    // Less than anything takes.
    if (typeof limit === 'number' && limit < 1) return late()
    const answered = andThen(this.#server.answer(call), (answer) => this.#encoded(call, answer))
    if (!(answered instanceof Promise)) return answered
    const { deadlines } = this.#limits
    return inTime(answered, limit, { deadlines, clock: this.#server.env.clock, late: () => late(answered) })
  }

  /** As a table or metadata alone, when that is asked for; whole, when the audit wants it; in the bytes that the client takes. */
  #encoded(call: Call, answer: Answer): MaybePromise<Answered> {
    const accepted = this.#accepted
    return andThen(transforming(this.#server, call, answer, accepted), (transformed) =>
      andThen(writable(call, transformed), (written) =>
        andThen(encoding(this.#server, call, written, accepted), (encoded): Answered => ({
          encoded,
          call,
          answer: written,
          pretty: accepted.pretty,
        })),
      ),
    )
  }

  /** A stranger hears no sooner, and so asks no sooner again, than it is a stranger's turn. */
  #failed(error: unknown): MaybePromise<Answered> {
    if (this.#isAccepted) return this.#refusal(error)
    return andThen(this.#server.slices.turn(this.#exchange.remote), () => this.#refusal(error))
  }

  #refusal(error: unknown): MaybePromise<Answered> {
    const exchange = this.#exchange
    const form = errorForm(exchange)
    const failure = error instanceof StatusError ? error : internalError(error)
    if (failure !== error) {
      this.#server.env.log.error('request failed', { err: error, path: pathOf(exchange.url) })
      this.#call?.audit?.panicked(error)
    }
    const answered = {
      encoded: encodeError(failure, form),
      call: this.#call,
      refused: error instanceof RefusedError,
      ...(!(error instanceof UnroutableError) && { status: failure.status }),
    }
    if (this.#isAccepted) return answered
    return andThen(refusedAtTheDoor(this.#server, exchange, this.#arrival, failure), () => answered)
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

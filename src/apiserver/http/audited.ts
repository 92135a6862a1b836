import type { Duplex } from 'node:stream'
import type { StatusError } from '../../apimachinery/status.ts'
import { andThen } from '../../lib/and-then.ts'
import { goQuote } from '../../lib/quote.ts'
import { uuid } from '../../lib/random.ts'
import type { MaybePromise } from '../../store/store.ts'
import type { Auditor } from '../audit/auditor.ts'
import type { ResponseStatus } from '../audit/event.ts'
import type { RequestAudit } from '../audit/request-audit.ts'
import { collected, objectJson, statusOf } from '../audit/response.ts'
import type { Encoded, EncodedBody } from '../encode/encoded.ts'
import type { Answer } from '../registry/answer.ts'
import { type Call, header } from '../request/call.ts'
import { parseRequestInfo } from '../request/info.ts'
import { parseQuery } from '../request/query.ts'
import { KeptNotes } from '../authn/notes.ts'
import type { ApiServer } from '../server.ts'
import type { Exchange } from './exchange.ts'
import { pathOf } from './http-call.ts'

/** A request as it arrived. */
export interface Arrival {
  /** Monotonic. */
  readonly startedMs: number
  /** Upstream's Audit-ID: what the client calls the request, or a name made for it. */
  readonly auditID: string
  /** Known when there is an audit. */
  readonly receivedMs: number
  /** What came up at the door. */
  readonly notes: KeptNotes
}

/** An answer as it is sent, and what of it can be told. */
export interface Told {
  readonly encoded: Encoded
  readonly answer?: Answer
  /** In place of an answer. */
  readonly status?: ResponseStatus
  /** Written for people, and so not as it is told. */
  readonly pretty?: boolean
}

export function arrivalOf(server: ApiServer, { headers }: Exchange): Arrival {
  return {
    startedMs: server.env.clock.monotonic(),
    auditID: header(headers, 'audit-id') || uuid(server.env.random),
    receivedMs: server.audit?.now() ?? 0,
    notes: new KeptNotes(),
  }
}

/** Begins to tell of a call. False, or later so: it cannot be told, and is not to be answered. */
export function beginAudit(auditor: Auditor, call: Call, exchange: Exchange, arrival: Arrival): MaybePromise<boolean> {
  const { info, user, headers, latencies } = call
  const { url, remote } = exchange
  const audit = auditor.begin({ info, user, headers, url, remote, latencies, ...arrival })
  if (!audit) return true
  Object.assign(call, { audit })
  annotateArrival(audit, arrival)
  return audit.received()
}

/** Tells of a request that is refused before it is known who sends it. */
export function refusedAtTheDoor(
  { audit: auditor }: ApiServer,
  { method, url, headers, remote }: Exchange,
  arrival: Arrival,
  { code, status }: StatusError,
): MaybePromise<unknown> {
  if (!auditor) return undefined
  const mark = url.indexOf('?')
  const info = parseRequestInfo(method, pathOf(url), parseQuery(mark < 0 ? '' : url.slice(mark + 1)))
  const audit = auditor.begin({ info, user: undefined, headers, url, remote, ...arrival })
  if (audit) annotateArrival(audit, arrival)
  audit?.answeredWith(JSON.stringify(status))
  return audit?.refused(code, status)
}

function annotateArrival(audit: RequestAudit, { notes }: Arrival): void {
  for (const [key, value] of notes.annotations) audit.annotate(key, value)
}

/** Upstream's answer when the audit of a request cannot be kept. */
export function untold({ url }: Exchange): EncodedBody {
  const headers = { 'content-type': 'text/plain; charset=utf-8', 'x-content-type-options': 'nosniff' }
  const body = `Internal Server Error: ${goQuote(url)}: failed to store audit event\n`
  return { type: 'body', status: 500, headers, body }
}

/** The answer, so that it can be written for the client and for the audit. */
export function writable({ audit }: Call, answer: Answer): MaybePromise<Answer> {
  return audit?.wantsResponse && answer.type === 'list' ? collected(answer) : answer
}

/** Tells how a request ends while `send` sends its answer: before, when that is sent at once. */
export function audited(
  audit: RequestAudit,
  told: Told,
  exchange: Exchange,
  send: () => MaybePromise<void>,
): MaybePromise<void> {
  const { encoded } = told
  const code = 'status' in encoded ? encoded.status : 200
  const status = told.status ?? (told.answer && statusOf(told.answer))
  return andThen(noteObject(audit, told), () =>
    andThen(audit.answered(code, status), () => {
      if (encoded.type === 'body') return andThen(audit.complete(), send)
      if (encoded.type === 'watch') exchange.onClose(() => void audit.complete())
      return encoded.type === 'watch' ? send() : sendWhole(audit, send)
    }),
  )
}

async function sendWhole(audit: RequestAudit, send: () => MaybePromise<void>): Promise<void> {
  try {
    await send()
  } finally {
    await audit.complete()
  }
}

function noteObject(audit: RequestAudit, { encoded, answer, status, pretty }: Told): MaybePromise<void> {
  if (!audit.wantsResponse) return undefined
  if (!answer) return status && audit.answeredWith(JSON.stringify(status))
  return andThen(objectJson(answer, encoded, pretty), (json) => audit.answeredWith(json))
}

/** Tells when a connection is handed over, which is when something else than an answer goes to the client, and when it ends. */
export function tellUpgrade(audit: RequestAudit, exchange: Exchange, socket: Duplex): void {
  exchange.onClose(() => void audit.complete())
  const write = socket.write
  socket.write = (...args: unknown[]): boolean => {
    socket.write = write
    void audit.answered(101)
    return Reflect.apply(write, socket, args) as boolean
  }
}

/** Tells of a failure in place of an answer. */
export async function tellFailure({ audit }: Call, { code, status }: StatusError): Promise<void> {
  if (!audit) return
  audit.answeredWith(JSON.stringify(status))
  await audit.answered(code, status)
  await audit.complete()
}

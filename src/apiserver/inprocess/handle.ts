import type { Frozen, KubeObject } from '../../apimachinery/meta.ts'
import { badRequest, internalError, StatusError } from '../../apimachinery/status.ts'
import type { UserInfo } from '../authn/types.ts'
import {
  type Answer,
  type ListItem,
  type StreamAnswer,
  wholeList,
  type WatchAnswer,
  type WatchFrame,
} from '../registry/answer.ts'
import { deepFreeze } from '../registry/codec.ts'
import { type Call, header } from '../request/call.ts'
import { JSON_TYPE, negotiate } from '../request/negotiate.ts'
import { warningHeaders } from '../request/warnings.ts'
import { objectOffer, transform } from '../transform/transform.ts'
import { parseRequestInfo } from '../request/info.ts'
import { Latencies } from '../request/latencies.ts'
import { beginAudit, tellAnswer, tellRefusal } from './audited.ts'
import type { ApiServer } from '../server.ts'

/** A request of the same process; the shape of the client's ApiRequest. */
export interface LocalRequest {
  readonly method: string
  /** Path with query. */
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  /** A plain JSON value, which is not changed. */
  readonly body?: unknown
  readonly signal?: AbortSignal
  /** Objects of lists and watches may come without metadata.managedFields. They are then shared with others who hold the same. */
  readonly withoutManagers?: boolean
}

export interface LocalResponse {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: unknown
  readonly events?: AsyncIterable<LocalEvent>
}

export interface LocalEvent {
  readonly type: WatchFrame['type']
  readonly object: unknown
}

const NEVER = new AbortController().signal
const JSON_HEADERS = { 'content-type': 'application/json' }
const TEXT_HEADERS = { 'content-type': 'text/plain' }

/** Answers a request of `user` without sockets or encoding: objects are decoded once and shared, so nobody may change them. */
export async function handle(server: ApiServer, request: LocalRequest, user: UserInfo): Promise<LocalResponse> {
  const mark = request.path.indexOf('?')
  const path = mark < 0 ? request.path : request.path.slice(0, mark)
  const query = new URLSearchParams(mark < 0 ? '' : request.path.slice(mark + 1))
  const annotations = new Map<string, string>()
  const call: Call = {
    method: request.method,
    info: parseRequestInfo(request.method, path, query),
    query,
    headers: request.headers ?? {},
    user,
    body: request.body === undefined ? { kind: 'none' } : { kind: 'value', value: request.body },
    signal: request.signal ?? NEVER,
    warnings: [],
    latencies: new Latencies(),
    get annotations() {
      return call.audit?.annotations ?? annotations
    },
  }
  const objectOf = request.withoutManagers ? (item: ListItem) => server.shared.of(item) : undefined
  const streams = call.info.verb === 'watch' ? undefined : server.localStreams
  const wait = streams?.enter(user)
  if (wait) await wait
  let begins = false
  try {
    if (server.audit && !(await beginAudit(server, call, request.path))) {
      throw internalError(new Error('failed to store audit event'))
    }
    const answered = await localAnswer(server, call)
    begins = answered.type === 'watch'
    return await responseTo(call.audit ? await tellAnswer(call.audit, answered) : answered, call, objectOf)
  } catch (error) {
    begins = false
    if (!(error instanceof StatusError)) throw error
    if (call.audit) await tellRefusal(call.audit, error.code, error.status)
    return { status: error.code, headers: headersOf(call), body: error.status }
  } finally {
    streams?.leave(user)
    if (!begins) call.flow?.end()
  }
}

async function responseTo(
  answer: Answer,
  call: Call,
  objectOf: ((item: ListItem) => Frozen<KubeObject>) | undefined,
): Promise<LocalResponse> {
  switch (answer.type) {
    case 'object':
      return { status: answer.status, headers: headersOf(call), body: answer.object.object() }
    case 'value':
      return { status: answer.status, headers: headersOf(call), body: deepFreeze(answer.value) }
    case 'list':
      return { status: 200, headers: headersOf(call), body: await wholeList(answer, objectOf) }
    case 'watch':
      return {
        status: 200,
        headers: headersOf(call),
        body: undefined,
        events: eventsOf(answer, call, objectOf),
      }
    case 'raw':
      return { status: answer.status, headers: { ...headersOf(call), ...answer.headers }, body: textOf(answer.body) }
    case 'stream':
      return await streamResponse(answer, call)
    case 'upgrade':
      throw badRequest('Upgrade request required')
  }
}

/** A client of the same process may ask for metadata alone or tables as any other. */
async function localAnswer(server: ApiServer, call: Call): Promise<Answer> {
  const accept = header(call.headers, 'accept')
  if (!accept.includes('as=') || !call.info.isResource) return server.answer(call)
  const { target } = negotiate(accept, objectOffer([JSON_TYPE]))
  return transform(await server.answer(call), target, call.query, server.env)
}

/** What an aggregated server answers is JSON, or lines of it; all else is text. */
async function streamResponse({ status, headers, body }: StreamAnswer, { info }: Call): Promise<LocalResponse> {
  const isJson = String(headers['content-type'] ?? '').startsWith(JSON_TYPE)
  if (!isJson || !info.isResource || info.subresource === 'proxy') {
    return { status, headers: TEXT_HEADERS, body: await wholeText(body) }
  }
  if (info.verb === 'watch' && status === 200) {
    return { status, headers: JSON_HEADERS, body: undefined, events: eventsIn(body) }
  }
  return { status, headers: JSON_HEADERS, body: deepFreeze(JSON.parse(await wholeText(body)) as unknown) }
}

async function* eventsIn(body: AsyncIterable<Uint8Array>): AsyncIterable<LocalEvent> {
  const decoder = new TextDecoder()
  let text = ''
  for await (const chunk of body) {
    const lines = (text + decoder.decode(chunk, { stream: true })).split('\n')
    text = lines.pop() ?? ''
    for (const line of lines) if (line !== '') yield JSON.parse(line) as LocalEvent
  }
}

async function wholeText(body: AsyncIterable<Uint8Array>): Promise<string> {
  const decoder = new TextDecoder()
  let text = ''
  for await (const chunk of body) text += decoder.decode(chunk, { stream: true })
  return text + decoder.decode()
}

function headersOf({ warnings }: Call): Readonly<Record<string, string>> {
  if (warnings.length === 0) return JSON_HEADERS
  return { ...JSON_HEADERS, warning: warningHeaders(warnings).join(', ') }
}

function textOf(body: Uint8Array | string): string {
  return typeof body === 'string' ? body : new TextDecoder().decode(body)
}

/** Events a slow listener may leave unread before its watch is ended; it then lists or watches again from where it was. */
const MOST_UNREAD = 100_000

/** The events of a watch as they come, until the server or `signal` ends it. */
async function* eventsOf(
  answer: WatchAnswer,
  { signal, audit }: Call,
  objectOf?: (item: ListItem) => Frozen<KubeObject>,
): AsyncIterable<LocalEvent> {
  let unread: LocalEvent[] = []
  let ended = false
  let wake: () => void = () => {}
  let read: () => void = () => {}
  const end = (): void => {
    ended = true
    wake()
  }
  const push = (event: LocalEvent): void => {
    if (unread.push(event) > MOST_UNREAD) end()
    wake()
  }
  const stop = answer.start({
    onEvent: (frame) => push({ type: frame.type, object: frame.object() }),
    ...(objectOf && { onInitial: (item) => push({ type: 'ADDED', object: objectOf(item) }) }),
    onEnd: end,
    taken: () => (unread.length === 0 ? Promise.resolve() : new Promise((resolve) => (read = resolve))),
  })
  signal.addEventListener('abort', end, { once: true })
  try {
    for (;;) {
      const batch = unread
      unread = []
      yield* batch
      read()
      if (signal.aborted) return
      if (unread.length > 0) continue
      if (ended) return
      await new Promise<void>((resolve) => (wake = resolve))
    }
  } finally {
    stop()
    signal.removeEventListener('abort', end)
    await audit?.complete()
  }
}

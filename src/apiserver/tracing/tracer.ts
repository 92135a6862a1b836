import type { Env } from '../../lib/env.ts'
import type { RequestHeaders, UserInfo } from '../authn/types.ts'
import { MASTERS } from '../authz/privileged-groups.ts'
import type { Call } from '../request/call.ts'
import type { Attributes, AttributeValue, ParentContext, Span, SpanRecord } from './span.ts'
import { SpanQueue, type ExportSpans } from './span-queue.ts'
import { parentContext, traceparent } from './trace-context.ts'

export interface TracerOptions {
  readonly env: Env
  /** How many of a million requests are traced whose callers do not say. */
  readonly samplingRatePerMillion: number
  readonly exportSpans: ExportSpans
}

const MONITORING = 'system:monitoring'
const MILLION = 1_000_000

/**
 * Traces requests as upstream does: what a caller of system:masters or system:monitoring says of its trace is followed; what others say is kept as a link,
 * and chance decides.
 */
export class Tracer {
  readonly #env: Env
  readonly #queue: SpanQueue
  /** Trace ids whose last eight bytes, without their first bit, are below this are sampled. */
  readonly #below: bigint

  constructor({ env, samplingRatePerMillion, exportSpans }: TracerOptions) {
    this.#env = env
    this.#queue = new SpanQueue(env, exportSpans)
    this.#below = (BigInt(samplingRatePerMillion) * 2n ** 63n) / BigInt(MILLION)
  }

  /** The span of a request that came in `startedMs` (monotonic); undefined when it is not sampled. */
  start(call: Call, startedMs: number): Span | undefined {
    const said = parentContext(call.headers)
    const parent = said && isBelieved(call.user) ? said : undefined
    const traceId = parent?.traceId ?? this.#env.random.bytes(16)
    if (!(parent ? parent.sampled : this.#isChosen(traceId))) return undefined
    return new RecordedSpan({
      env: this.#env,
      queue: this.#queue,
      traceId,
      parentSpanId: parent?.spanId,
      traceState: parent?.traceState ?? '',
      link: parent ? undefined : said,
      name: nameOf(call),
      kind: 'server',
      startedMs,
      attributes: attributesOf(call),
    })
  }

  /** Sends what waits. */
  close(): Promise<void> {
    return this.#queue.close()
  }

  #isChosen(traceId: Uint8Array): boolean {
    if (this.#below === 0n) return false
    const bits = new DataView(traceId.buffer, traceId.byteOffset + 8, 8).getBigUint64(0)
    return bits >> 1n < this.#below
  }
}

function isBelieved({ groups }: UserInfo): boolean {
  return groups.includes(MASTERS) || groups.includes(MONITORING)
}

/** A request's path, without what only it has. */
function nameOf({ method, info }: Call): string {
  if (!info.isResource) return method
  const { group, version, namespace, resource, name, subresource } = info
  const parts = [
    group === '' ? '/api' : `/apis/${group}`,
    version,
    ...(namespace === '' ? [] : ['namespaces/{:namespace}']),
    resource,
    ...(name === '' ? [] : ['{:name}']),
    ...(subresource === '' ? [] : [subresource]),
  ]
  return `${method} ${parts.join('/')}`
}

function attributesOf({ method, info, headers }: Call): Record<string, AttributeValue> {
  const agent = textOf(headers, 'user-agent')
  return {
    'http.request.method': method,
    'url.scheme': 'https',
    'url.path': info.path,
    ...(agent !== '' && { 'user_agent.original': agent }),
  }
}

function textOf(headers: RequestHeaders, name: string): string {
  const value = headers[name]
  return typeof value === 'string' ? value.slice(0, 1024) : ''
}

interface SpanStart {
  readonly env: Env
  readonly queue: SpanQueue
  readonly traceId: Uint8Array
  readonly parentSpanId: Uint8Array | undefined
  readonly traceState: string
  readonly link?: ParentContext | undefined
  readonly name: string
  readonly kind: SpanRecord['kind']
  readonly startedMs: number
  readonly attributes: Attributes
}

/** Of one span; upstream's libraries have the same limit. */
const MAX_EVENTS = 128

class RecordedSpan implements Span {
  readonly #start: SpanStart
  readonly #spanId: Uint8Array
  readonly #attributes: Record<string, AttributeValue>
  readonly #events: { name: string; atMs: number; attributes: Attributes }[] = []
  #error: string | undefined
  #ended = false

  constructor(start: SpanStart) {
    this.#start = start
    this.#spanId = start.env.random.bytes(8)
    this.#attributes = { ...start.attributes }
  }

  get traceparent(): string {
    return traceparent(this.#start.traceId, this.#spanId)
  }

  child(name: string, attributes: Attributes = {}): Span {
    const { env, link: _, ...start } = this.#start
    const startedMs = env.clock.monotonic()
    return new RecordedSpan({
      ...start,
      env,
      name,
      attributes,
      startedMs,
      parentSpanId: this.#spanId,
      kind: 'internal',
    })
  }

  event(name: string, attributes: Attributes = {}): void {
    if (this.#events.length < MAX_EVENTS) this.#events.push({ name, atMs: this.#start.env.clock.now(), attributes })
  }

  set(name: string, value: AttributeValue): void {
    this.#attributes[name] = value
  }

  fail(error: unknown): void {
    this.#error = error instanceof Error ? error.message : String(error)
  }

  end(): void {
    if (this.#ended) return
    this.#ended = true
    const { env, queue, startedMs, traceId, parentSpanId, traceState, name, kind, link } = this.#start
    const endMs = env.clock.now()
    queue.add({
      traceId,
      spanId: this.#spanId,
      parentSpanId,
      traceState,
      name,
      kind,
      startMs: endMs - (env.clock.monotonic() - startedMs),
      endMs,
      attributes: this.#attributes,
      events: this.#events,
      link,
      error: this.#error,
    })
  }
}

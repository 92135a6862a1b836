export type AttributeValue = string | number | boolean
export type Attributes = Readonly<Record<string, AttributeValue>>

/** One timed part of a sampled request. Calls after its end do nothing. */
export interface Span {
  /** Begins a part of it. */
  child(name: string, attributes?: Attributes): Span
  event(name: string, attributes?: Attributes): void
  set(name: string, value: AttributeValue): void
  /** Notes what went wrong in it. */
  fail(error: unknown): void
  end(): void
  /** For the request that this one leads to: W3C's `traceparent`. */
  readonly traceparent: string
}

/** A span that has ended, as it is exported. */
export interface SpanRecord {
  readonly traceId: Uint8Array
  readonly spanId: Uint8Array
  readonly parentSpanId: Uint8Array | undefined
  readonly traceState: string
  readonly name: string
  /** A request that was received, or a part of one. */
  readonly kind: 'server' | 'internal'
  /** In ms since the Unix epoch, with fractions. */
  readonly startMs: number
  readonly endMs: number
  readonly attributes: Attributes
  readonly events: readonly { readonly name: string; readonly atMs: number; readonly attributes: Attributes }[]
  /** The span of somebody who is not believed about what belongs together. */
  readonly link: ParentContext | undefined
  readonly error: string | undefined
}

/** What a `traceparent` header says. */
export interface ParentContext {
  readonly traceId: Uint8Array
  readonly spanId: Uint8Array
  readonly sampled: boolean
  readonly traceState: string
}

/** Waits for `work` inside a part of `span`; without one it only waits. */
export async function traced<T>(
  span: Span | undefined,
  name: string,
  work: (part: Span | undefined) => Promise<T>,
  attributes?: Attributes,
): Promise<T> {
  if (!span) return work(undefined)
  const part = span.child(name, attributes)
  try {
    return await work(part)
  } catch (error) {
    part.fail(error)
    throw error
  } finally {
    part.end()
  }
}

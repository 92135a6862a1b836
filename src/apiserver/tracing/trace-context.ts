import { encodeHex } from '../../lib/hex.ts'
import type { RequestHeaders } from '../authn/types.ts'
import { header } from '../request/call.ts'
import type { ParentContext } from './span.ts'

const TRACEPARENT = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/

/** Longer ones are dropped: W3C asks for no more to be passed on. */
const MAX_TRACE_STATE = 512

/** What the headers say of the trace that a request is part of, as W3C's Trace Context has it; undefined when nothing, or nothing that can be. */
export function parentContext(headers: RequestHeaders): ParentContext | undefined {
  const text = header(headers, 'traceparent')
  if (text === '') return undefined
  const [, version, trace = '', span = '', flags = '', more] = TRACEPARENT.exec(text) ?? []
  if (version === undefined || version === 'ff' || (version === '00' && more !== undefined)) return undefined
  if (/^0+$/.test(trace) || /^0+$/.test(span)) return undefined
  const traceState = header(headers, 'tracestate')
  return {
    traceId: bytesOf(trace),
    spanId: bytesOf(span),
    sampled: (Number.parseInt(flags, 16) & 1) === 1,
    traceState: traceState.length <= MAX_TRACE_STATE ? traceState : '',
  }
}

/** The header for a request that a sampled span leads to. */
export function traceparent(traceId: Uint8Array, spanId: Uint8Array): string {
  return `00-${encodeHex(traceId)}-${encodeHex(spanId)}-01`
}

function bytesOf(hex: string): Uint8Array {
  return Uint8Array.from({ length: hex.length / 2 }, (_, index) =>
    Number.parseInt(hex.slice(index * 2, index * 2 + 2), 16),
  )
}

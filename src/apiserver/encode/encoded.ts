import type { ByteSink } from '../../lib/byte-sink.ts'
import type { WatchFrame, WatchListener } from '../registry/answer.ts'
import type { KeptItems } from '../registry/list-cache.ts'

/** An answer ready for the wire; nothing is sent yet. */
export type Encoded = EncodedBody | EncodedStream | EncodedWatch

/** One body, complete. */
export interface EncodedBody {
  readonly type: 'body'
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array | string
}

/** A body that comes in parts; each may be overwritten when the sender asks for the next, which it does when that is written. */
export interface EncodedStream {
  readonly type: 'stream'
  readonly status: number
  readonly headers: Readonly<Record<string, string | readonly string[]>>
  /** Whether it may be compressed: what comes from elsewhere, and must not wait, may not. */
  readonly compress: boolean
  readonly parts: AsyncIterable<Uint8Array>
  /** The same as `parts`, when its middle is kept and may be compressed once for all. */
  readonly kept?: { readonly head: Uint8Array; readonly items: KeptItems; readonly tail: Uint8Array }
}

/** Events as they happen, each whole. */
export interface EncodedWatch {
  readonly type: 'watch'
  readonly headers: Readonly<Record<string, string>>
  /** Begins delivery; returns what ends it. */
  start(to: EventSink): () => void
}

/** Where encoded events go; see WatchListener. */
export interface EventSink extends Pick<WatchListener, 'hold' | 'taken'> {
  send(event: Uint8Array): void
  end(): void
  /** Where events may be written instead, between `hold` and `taken`. */
  held?(): ByteSink | undefined
}

/** A listener that encodes what it hears. */
export function encodingListener(to: EventSink, encode: (frame: WatchFrame) => Uint8Array): WatchListener {
  return {
    onEvent: (frame) => to.send(encode(frame)),
    onEnd: () => to.end(),
    hold: () => to.hold?.(),
    taken: (last) => to.taken?.(last) ?? Promise.resolve(),
  }
}

import { ByteSink } from '../../lib/byte-sink.ts'
import type { MaybePromise } from '../../store/store.ts'
import type { Encoded, EncodedStream, EncodedWatch } from '../encode/encoded.ts'
import { compressed, compressedKept, compressing, wantsGzip, worthCompressing } from './compress.ts'
import type { Exchange, OutgoingHeaders } from './exchange.ts'
import type { Limits } from './limits.ts'
import type { Reader } from './slow-readers.ts'

/** Sends an answer as its client can take it: at once, part by part or as it happens. `events` makes what counts a watch's events. */
export function send(
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
      return sendWatch(encoded, exchange, headers, { limits, sent: events() })
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
/** How much of the process a byte takes that is held: as it is stored, as it is sent, and room to grow. */
const COPIES = 3

function sendWatch(
  { start }: EncodedWatch,
  exchange: Exchange,
  headers: OutgoingHeaders,
  { limits, sent }: { readonly limits: Limits; readonly sent: (bytes: number) => void },
): void {
  const { deadlines, readers } = limits
  const out = exchange.begin(200, headers)
  let taking = 0
  const reader: Reader = {
    get unread() {
      return out.unread + taking
    },
    cut: () => exchange.destroy(),
  }
  let sink: ByteSink | undefined
  let held: ByteSink | undefined
  const stop = start({
    send(event) {
      sent(event.length)
      if (held) return held.write(event)
      if (readers.sending(reader)) out.send(event)
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
      if (events && events.length > 0) {
        taking = events.length * COPIES
        readers.sending(reader)
        const taken = deadlines.add(() => reader.cut())
        await out.write(events).finally(taken)
        taking = 0
        readers.sending(reader)
      }
      sink?.clear()
      if (last) sink = undefined
    },
  })
  exchange.onClose(() => {
    readers.gone(reader)
    stop()
  })
}

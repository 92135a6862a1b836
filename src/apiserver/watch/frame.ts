import { stringifyJson } from '../../apimachinery/codec/json/encode.ts'
import type { Frozen, KubeObject } from '../../apimachinery/meta.ts'
import { ByteSink } from '../../lib/byte-sink.ts'
import type { ListItem, WatchFrame } from '../registry/answer.ts'

const encoder = new TextEncoder()

const OPEN = {
  ADDED: encoder.encode('{"type":"ADDED","object":'),
  MODIFIED: encoder.encode('{"type":"MODIFIED","object":'),
  DELETED: encoder.encode('{"type":"DELETED","object":'),
  BOOKMARK: encoder.encode('{"type":"BOOKMARK","object":'),
  ERROR: encoder.encode('{"type":"ERROR","object":'),
}
const CLOSE = 0x7d
const NEWLINE = 0x0a

/** An event whose object and bytes are made when first asked for. */
export class Frame implements WatchFrame {
  readonly type: WatchFrame['type']
  readonly #object: () => Frozen<KubeObject>
  readonly #json: () => Uint8Array
  #line: Uint8Array | undefined
  #derived: Map<string, unknown> | undefined

  constructor(type: WatchFrame['type'], object: () => Frozen<KubeObject>, json?: () => Uint8Array) {
    this.type = type
    this.#object = object
    this.#json = json ?? (() => encoder.encode(stringifyJson(object())))
  }

  object(): Frozen<KubeObject> {
    return this.#object()
  }

  json(): Uint8Array {
    return this.#json()
  }

  line(): Uint8Array {
    if (this.#line) return this.#line
    const json = this.#json()
    const open = OPEN[this.type]
    const line = new Uint8Array(open.length + json.length + 2)
    line.set(open)
    line.set(json, open.length)
    line[line.length - 2] = CLOSE
    line[line.length - 1] = NEWLINE
    return (this.#line = line)
  }

  derived<T>(form: string, make: () => T): T {
    const forms = (this.#derived ??= new Map())
    if (!forms.has(form)) forms.set(form, make())
    return forms.get(form) as T
  }
}

/** An object of a list as the event ADDED. To be used while the item is good. */
export function initialFrame(item: ListItem): Frame {
  const json = (): Uint8Array => {
    const sink = new ByteSink(item.size + 64)
    item.writeJson(sink)
    return sink.view()
  }
  return new Frame('ADDED', () => item.object(), json)
}

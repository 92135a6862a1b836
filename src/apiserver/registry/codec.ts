import { apiVersionOf, type Frozen, type KubeObject } from '../../apimachinery/meta.ts'
import { encodeJson, encodeStored, spliceResourceVersion, storedPrefix } from '../../apimachinery/codec/json/encode.ts'
import type { ResourceDefinition } from '../../apimachinery/resource.ts'
import { setOwn } from '../../lib/own.ts'
import type { Entry } from '../../store/store.ts'

const encoder = new TextEncoder()
const decoder = new TextDecoder()

/**
 * Between objects of one served version and the stored bytes.
 *
 * Stored bytes are JSON that begins exactly `{"kind":"K","apiVersion":"V","metadata":{` (K, V of the kept version) with at
 * least one field in metadata, and hold no resourceVersion: the store's revision is spliced in when they are served.
 */
export class ResourceCodec {
  readonly definition: ResourceDefinition
  /** The definition whose bytes are kept: `definition` itself, or that of another version. */
  readonly kept: ResourceDefinition
  readonly apiVersion: string
  readonly #prefixLength: number
  readonly #freeze: boolean

  constructor(definition: ResourceDefinition, freeze: boolean) {
    this.definition = definition
    this.kept = definition.storedAs?.definition ?? definition
    this.apiVersion = apiVersionOf(definition)
    this.#prefixLength = encoder.encode(storedPrefix(this.kept.kind, apiVersionOf(this.kept))).length
    this.#freeze = freeze
  }

  /** The bytes to store: canonical, so that equal objects give equal bytes. */
  encode(object: Frozen<KubeObject>): Uint8Array {
    const { kept, definition } = this
    if (kept !== definition) {
      const stored = { ...definition.storedAs?.toStored(object), kind: kept.kind, apiVersion: apiVersionOf(kept) }
      return encodeStored(kept.schema, stored)
    }
    return encodeStored(kept.schema, object)
  }

  /** A fresh object that the caller may change, with resourceVersion. */
  draft(bytes: Uint8Array, revision: number): KubeObject {
    const kept = JSON.parse(decoder.decode(bytes)) as KubeObject
    kept.metadata.resourceVersion = String(revision)
    const { storedAs } = this.definition
    if (!storedAs) return kept
    const object = storedAs.fromStored(kept)
    return { ...object, kind: this.definition.kind, apiVersion: this.apiVersion }
  }

  /** The decoded object, to be shared: frozen when the server is told to check that nobody changes it. */
  decode(bytes: Uint8Array, revision: number): Frozen<KubeObject> {
    const object = this.draft(bytes, revision)
    return this.#freeze ? deepFreeze(object) : object
  }

  /** The object as it is served in JSON. */
  json(bytes: Uint8Array, revision: number): Uint8Array {
    if (this.definition.storedAs) {
      return encoder.encode(encodeJson(this.definition.schema, this.draft(bytes, revision)))
    }
    return spliceResourceVersion(bytes, this.#prefixLength, String(revision))
  }

  /** The object as it stands in a list: kinds of the API itself leave out kind and apiVersion there, custom ones do not. */
  itemJson(bytes: Uint8Array, revision: number): Uint8Array {
    if (this.definition.storedAs || this.definition.schema.name === '') return this.json(bytes, revision)
    const head = encoder.encode(`{"metadata":{"resourceVersion":"${revision}",`)
    const out = new Uint8Array(head.length + bytes.length - this.#prefixLength)
    out.set(head)
    out.set(bytes.subarray(this.#prefixLength), head.length)
    return out
  }

  jsonOf(entry: Pick<Entry, 'value' | 'modRevision'>): Uint8Array {
    return this.json(entry.value, entry.modRevision)
  }

  decodeEntry(entry: Pick<Entry, 'value' | 'modRevision'>): Frozen<KubeObject> {
    return this.decode(entry.value, entry.modRevision)
  }
}

/** Freezes a JSON value all the way down and returns it. */
export function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value
  for (const child of Object.values(value)) deepFreeze(child)
  return Object.freeze(value)
}

/** A copy of a JSON value that shares nothing with it. */
export function deepCopy<T>(value: T): T {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(deepCopy) as T
  const copy: Record<string, unknown> = {}
  for (const key of Object.keys(value)) setOwn(copy, key, deepCopy((value as Record<string, unknown>)[key]))
  return copy as T
}

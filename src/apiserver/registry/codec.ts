import { apiVersionOf, type Frozen, type KubeObject } from '../../apimachinery/meta.ts'
import type { ResourceDefinition } from '../../apimachinery/resource.ts'
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
  readonly #head: Uint8Array
  readonly #freeze: boolean

  constructor(definition: ResourceDefinition, freeze: boolean) {
    this.definition = definition
    this.kept = definition.storedAs?.definition ?? definition
    this.apiVersion = apiVersionOf(definition)
    this.#head = encoder.encode(headOf(this.kept))
    this.#freeze = freeze
  }

  /** The bytes to store. Changes nothing; `object`'s resourceVersion is left out. */
  encode(object: Frozen<KubeObject>): Uint8Array {
    const kept = this.definition.storedAs?.toStored(object) ?? object
    const { kind: _kind, apiVersion: _version, metadata, ...rest } = kept
    const { resourceVersion: _revision, ...meta } = metadata
    const text = JSON.stringify({ kind: this.kept.kind, apiVersion: apiVersionOf(this.kept), metadata: meta, ...rest })
    return encoder.encode(text)
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
    if (this.definition.storedAs) return encoder.encode(JSON.stringify(this.draft(bytes, revision)))
    const version = encoder.encode(`"resourceVersion":"${revision}",`)
    const head = this.#head.length
    const out = new Uint8Array(bytes.length + version.length)
    out.set(bytes.subarray(0, head))
    out.set(version, head)
    out.set(bytes.subarray(head), head + version.length)
    return out
  }

  jsonOf(entry: Pick<Entry, 'value' | 'modRevision'>): Uint8Array {
    return this.json(entry.value, entry.modRevision)
  }

  decodeEntry(entry: Pick<Entry, 'value' | 'modRevision'>): Frozen<KubeObject> {
    return this.decode(entry.value, entry.modRevision)
  }
}

function headOf(definition: ResourceDefinition): string {
  return `{"kind":${JSON.stringify(definition.kind)},"apiVersion":${JSON.stringify(apiVersionOf(definition))},"metadata":{`
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
  for (const key in value) copy[key] = deepCopy((value as Record<string, unknown>)[key])
  return copy as T
}

import { apiVersionOf, type Frozen, type KubeObject } from '../../apimachinery/meta.ts'
import {
  encodeJson,
  encodeStored,
  type Ending,
  spliceResourceVersion,
  storedPrefix,
} from '../../apimachinery/codec/json/encode.ts'
import { parseStored } from '../../apimachinery/codec/json/parse-stored.ts'
import type { ResourceDefinition } from '../../apimachinery/resource.ts'
import type { ByteSink } from '../../lib/byte-sink.ts'
import { setOwn } from '../../lib/own.ts'
import { TransformError } from '../../store/encryption/transformer.ts'
import type { Entry } from '../../store/store.ts'
import { cutManagers } from './cut-managers.ts'
import { endOf } from './json-bytes.ts'

const encoder = new TextEncoder()
const ITEM_PREFIX = encoder.encode('{"metadata":{')
const CLOSE_BRACE = 0x7d
const COMMA = 0x2c
const OPEN_BRACE = 0x7b
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
  readonly #prefix: Uint8Array
  readonly #freeze: boolean
  /** Served bytes always differ from the kept ones: another version, or brought up to date when read. */
  readonly #reworks: boolean
  readonly #isCustom: boolean

  constructor(definition: ResourceDefinition, freeze: boolean) {
    this.definition = definition
    this.kept = definition.storedAs?.definition ?? definition
    this.apiVersion = apiVersionOf(definition)
    this.#prefix = encoder.encode(storedPrefix(this.kept.kind, apiVersionOf(this.kept)))
    this.#freeze = freeze
    this.#reworks = definition.storedAs !== undefined || definition.onRead !== undefined
    this.#isCustom = definition.schema.name === ''
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

  /** A fresh object that the caller may change, with resourceVersion; without one at revision 0, of what is not stored. */
  draft(bytes: Uint8Array, revision: number): KubeObject {
    checkPlain(bytes)
    const object = this.#served(parseStored(bytes) as KubeObject)
    if (revision > 0) object.metadata.resourceVersion = String(revision)
    return object
  }

  /** A kept object in the version that is served. */
  #served(kept: KubeObject): KubeObject {
    const { storedAs, onRead, kind } = this.definition
    if (!storedAs && !this.#isCustom) return kept
    const object = { ...(storedAs?.fromStored(kept) ?? kept), kind, apiVersion: this.apiVersion }
    onRead?.(object)
    return object
  }

  /** The decoded object, to be shared: frozen when the server is told to check that nobody changes it. */
  decode(bytes: Uint8Array, revision: number): Frozen<KubeObject> {
    const object = this.draft(bytes, revision)
    return this.#freeze ? deepFreeze(object) : object
  }

  /** The same without who manages which field: where that can be, it is not even parsed. */
  decodeWithoutManagers(bytes: Uint8Array, revision: number): Frozen<KubeObject> {
    const asServed = this.#isAsServed(bytes)
    const object = this.draft(asServed ? cutManagers(bytes, this.#prefix.length) : bytes, revision)
    if (!asServed) delete object.metadata.managedFields
    return this.#freeze ? deepFreeze(object) : object
  }

  /** The object as it is served in JSON. */
  json(bytes: Uint8Array, revision: number, ending: Ending = ''): Uint8Array {
    if (this.#isAsServed(bytes) && revision > 0)
      return spliceResourceVersion(bytes, this.#prefix.length, String(revision), ending)
    return encoder.encode(encodeJson(this.definition.schema, this.draft(bytes, revision)) + ending)
  }

  /** Whether what is served says in other words what is kept. */
  get reworks(): boolean {
    return this.#reworks
  }

  /** Whether kept bytes can be served as they are. Custom resources may have been kept in another version before. */
  #isAsServed(bytes: Uint8Array): boolean {
    return !this.#reworks && (!this.#isCustom || startsWith(bytes, this.#prefix))
  }

  /** Writes the object as it is served in JSON. */
  writeJson(to: ByteSink, bytes: Uint8Array, revision: number): void {
    if (!this.#isAsServed(bytes) || revision === 0) return to.write(this.json(bytes, revision))
    to.write(this.#prefix)
    this.#writeAfterPrefix(to, bytes, revision)
  }

  /** Writes it as it stands in a list: kinds of the API itself leave out kind and apiVersion there, custom ones do not. */
  writeItem(to: ByteSink, bytes: Uint8Array, revision: number): void {
    if (this.#reworks || this.#isCustom) return this.writeJson(to, bytes, revision)
    to.write(ITEM_PREFIX)
    this.#writeAfterPrefix(to, bytes, revision)
  }

  /** Writes who an object is and its metadata, as PartialObjectMetadata of this version of meta.k8s.io. */
  writePartial(to: ByteSink, bytes: Uint8Array, revision: number, version: string): void {
    to.ascii(`{"kind":"PartialObjectMetadata","apiVersion":"meta.k8s.io/${version}","metadata":`)
    if (!this.#isAsServed(bytes)) to.text(JSON.stringify(this.metadata(bytes, revision)))
    else {
      to.byte(OPEN_BRACE)
      this.#writeAfterPrefix(to, bytes.subarray(0, endOf(bytes, this.#prefix.length)), revision)
    }
    to.byte(CLOSE_BRACE)
  }

  /** An object's metadata; the rest is not looked at where that can be. */
  metadata(bytes: Uint8Array, revision: number): Frozen<KubeObject>['metadata'] {
    if (!this.#isAsServed(bytes)) return this.decode(bytes, revision).metadata
    const from = this.#prefix.length - 1
    const metadata = JSON.parse(decoder.decode(bytes.subarray(from, endOf(bytes, from + 1)))) as KubeObject['metadata']
    if (revision > 0) metadata.resourceVersion = String(revision)
    return this.#freeze ? deepFreeze(metadata) : metadata
  }

  /** Writes the fields of metadata and the rest, beginning with the resource version. */
  #writeAfterPrefix(to: ByteSink, bytes: Uint8Array, revision: number): void {
    if (revision > 0) {
      to.ascii(`"resourceVersion":"${revision}"`)
      if (bytes[this.#prefix.length] !== CLOSE_BRACE) to.byte(COMMA)
    }
    to.write(bytes.subarray(this.#prefix.length))
  }

  jsonOf(entry: Pick<Entry, 'value' | 'modRevision'>): Uint8Array {
    return this.json(entry.value, entry.modRevision)
  }

  decodeEntry(entry: Pick<Entry, 'value' | 'modRevision'>): Frozen<KubeObject> {
    return this.decode(entry.value, entry.modRevision)
  }
}

/** Throws for a value that was kept encrypted, by a server with another configuration. */
export function checkPlain(bytes: Uint8Array): void {
  if (bytes[0] !== OPEN_BRACE) throw new TransformError('identity transformer tried to read encrypted data')
}

function startsWith(bytes: Uint8Array, prefix: Uint8Array): boolean {
  for (let i = 0; i < prefix.length; i++) if (bytes[i] !== prefix[i]) return false
  return true
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

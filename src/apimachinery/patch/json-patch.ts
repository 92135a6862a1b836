/** JSON Patch (RFC 6902), with the leniencies and the messages of the library that upstream uses (evanphx/json-patch v4). */
import { atoi } from '../../lib/atoi.ts'
import { copyJson, equalJson, isJsonObject } from '../../lib/json-value.ts'
import { getOwn, setOwn } from '../../lib/own.ts'
import { MAX_DEPTH } from '../codec/json/scan.ts'
import { stringifyJson } from '../codec/json/encode.ts'
import { byteLength } from '../validation/names.ts'
import { PatchError } from './errors.ts'

/** One operation as it was sent. Absent parts are missed only when the operation is applied. */
export interface JsonPatchOperation {
  readonly op?: string
  readonly path?: string
  readonly from?: string
  readonly value?: unknown
}

/** More operations are refused with 413. */
export const MAX_JSON_PATCH_OPERATIONS = 10_000
const MAX_COPIED_BYTES = 3 * 1024 * 1024

type Container = Record<string, unknown> | unknown[]

/** A place in a document: what holds it, and its key or index there. */
interface Place {
  readonly container: Container
  readonly key: string
}

/** Applies operations one after the other. `document` is changed in place; the result may be another. Throws PatchError. */
export function applyJsonPatch(document: Container, operations: readonly JsonPatchOperation[]): Container {
  const patching = new Patching(document)
  for (const operation of operations) patching.apply(operation)
  return patching.document
}

/** A `test` operation found another value. */
export class PatchTestFailed extends PatchError {}

class Patching {
  document: Container
  #copiedBytes = 0

  constructor(document: Container) {
    this.document = document
  }

  apply(operation: JsonPatchOperation): void {
    switch (operation.op) {
      case 'add':
        return this.#add(operation)
      case 'remove':
        return this.#remove(operation)
      case 'replace':
        return this.#replace(operation)
      case 'move':
        return this.#move(operation)
      case 'copy':
        return this.#copy(operation)
      case 'test':
        return this.#test(operation)
      default:
        throw new PatchError(`Unexpected kind: ${operation.op ?? 'unknown'}`)
    }
  }

  #add({ path, value }: JsonPatchOperation): void {
    if (path === undefined) throw new PatchError('add operation failed to decode path: missing value')
    const place = this.#find(path)
    if (!place) throw new PatchError(`add operation does not apply: doc is missing path: "${path}": missing value`)
    requireShallow(path, value)
    within(`error in add for path: '${path}'`, () => add(place, copyJson(value ?? null)))
  }

  #remove({ path }: JsonPatchOperation): void {
    if (path === undefined) throw new PatchError('remove operation failed to decode path: missing value')
    const place = this.#find(path)
    if (!place) throw new PatchError(`remove operation does not apply: doc is missing path: "${path}": missing value`)
    within(`error in remove for path: '${path}'`, () => remove(place))
  }

  #replace({ path, value }: JsonPatchOperation): void {
    if (path === undefined)
      throw new PatchError('replace operation failed to decode path: operation missing path field: missing value')
    if (path === '') {
      if (typeof value !== 'object' || value === null)
        throw new PatchError('replace operation value must be object or array: %!w(<nil>)')
      this.document = copyJson(value) as Container
      return
    }
    const place = this.#find(path)
    if (!place) throw new PatchError(`replace operation does not apply: doc is missing path: ${path}: missing value`)
    within(`replace operation does not apply: doc is missing key: ${path}`, () => get(place), 'missing value')
    requireShallow(path, value)
    set(place, copyJson(value ?? null))
  }

  #move({ from, path }: JsonPatchOperation): void {
    if (from === undefined)
      throw new PatchError('move operation failed to decode from: operation, missing from field: missing value')
    const source = this.#find(from)
    if (!source) throw new PatchError(`move operation does not apply: doc is missing from path: ${from}: missing value`)
    const value = within(`error in move for path: '${source.key}'`, () => get(source) ?? null)
    within(`error in move for path: '${source.key}'`, () => remove(source))
    if (path === undefined)
      throw new PatchError('move operation failed to decode path: operation missing path field: missing value')
    const target = this.#find(path)
    if (!target)
      throw new PatchError(`move operation does not apply: doc is missing destination path: ${path}: missing value`)
    requireShallow(path, value)
    within(`error in move for path: '${path}'`, () => add(target, value))
  }

  #copy({ from, path }: JsonPatchOperation): void {
    if (from === undefined)
      throw new PatchError('copy operation failed to decode from: operation, missing from field: missing value')
    const source = this.#find(from)
    if (!source) throw new PatchError(`copy operation does not apply: doc is missing from path: ${from}: missing value`)
    const value = within(`error in copy for from: '${from}'`, () => get(source) ?? null)
    if (path === undefined) throw new PatchError('copy operation failed to decode path: missing value')
    const target = this.#find(path)
    if (!target)
      throw new PatchError(`copy operation does not apply: doc is missing destination path: ${path}: missing value`)
    requireShallow(path, value)
    this.#copiedBytes += byteLength(stringifyJson(value))
    if (this.#copiedBytes > MAX_COPIED_BYTES)
      throw new PatchError(
        `Unable to complete the copy, the accumulated size increase of copy is ${this.#copiedBytes}, exceeding the limit ${MAX_COPIED_BYTES}`,
      )
    within('error while adding value during copy', () => add(target, copyJson(value)))
  }

  #test({ path, value }: JsonPatchOperation): void {
    if (path === undefined)
      throw new PatchError('test operation failed to decode path: operation missing path field: missing value')
    const failed = new PatchTestFailed(`testing value ${path} failed: test failed`)
    if (path === '') {
      if (!equalJson(this.document, value)) throw failed
      return
    }
    const place = this.#find(path)
    if (!place) throw new PatchError(`test operation does not apply: is missing path: ${path}: missing value`)
    const current = within(`error in test for path: '${path}'`, () => get(place))
    if (!equalJson(current ?? null, value ?? null)) throw failed
  }

  /** Walks a JSON pointer to the last but one segment. What stands before the first slash does not matter, as upstream. */
  #find(pointer: string): Place | undefined {
    const segments = pointer.split('/').slice(1).map(unescapeSegment)
    const key = segments.pop()
    if (key === undefined) return undefined
    let container = this.document
    for (const segment of segments) {
      const next = member(container, segment)
      if (typeof next !== 'object' || next === null) return undefined
      container = next as Container
    }
    return { container, key }
  }
}

/** Refuses what would nest deeper than any object may. Copies of copies get there with few operations. */
function requireShallow(pointer: string, value: unknown): void {
  let depth = pointer.split('/').length
  for (let level = [value]; level.length > 0; level = level.flatMap(childrenOf))
    if (++depth > MAX_DEPTH) throw new PatchError('exceeded max depth')
}

const childrenOf = (value: unknown): unknown[] =>
  typeof value === 'object' && value !== null ? Object.values(value) : []

const unescapeSegment = (segment: string): string =>
  segment.replace(/~[01]/g, (escape) => (escape === '~1' ? '/' : '~'))

/** What a container has under a key; undefined for nothing, also for a key that is no index of an array. */
function member(container: Container, key: string): unknown {
  if (!Array.isArray(container)) return getOwn(container, key)
  const index = atoi(key)
  return typeof index === 'number' ? container.at(index) : undefined
}

/** What went wrong with one place; the operation says what it was about. */
class PlaceError extends Error {}

function within<T>(context: string, act: () => T, detail?: string): T {
  try {
    return act()
  } catch (error) {
    if (error instanceof PlaceError) throw new PatchError(`${context}: ${detail ?? error.message}`)
    throw error
  }
}

function get({ container, key }: Place): unknown {
  return Array.isArray(container) ? container[existingIndex(container, key)] : getOwn(container, key)
}

function set({ container, key }: Place, value: unknown): void {
  if (Array.isArray(container)) container[existingIndex(container, key)] = value
  else if (isJsonObject(container)) setOwn(container, key, value)
}

function add({ container, key }: Place, value: unknown): void {
  if (!Array.isArray(container)) return setOwn(container, key, value)
  if (key === '-') return void container.push(value)
  const index = atoi(key)
  if (typeof index === 'string') throw new PlaceError(`value was not a proper array index: '${key}': ${index}`)
  container.splice(inRange(index, container.length + 1), 0, value)
}

function remove({ container, key }: Place): void {
  if (Array.isArray(container)) container.splice(existingIndex(container, key), 1)
  else if (Object.hasOwn(container, key)) delete container[key]
  else throw new PlaceError(`Unable to remove nonexistent key: ${key}: missing value`)
}

function existingIndex(items: readonly unknown[], key: string): number {
  const index = atoi(key)
  if (typeof index === 'string') throw new PlaceError(index)
  return inRange(index, items.length)
}

/** Negative indices count from the end. */
function inRange(index: number, length: number): number {
  if (index >= length || index < -length)
    throw new PlaceError(`Unable to access invalid index: ${index}: invalid index referenced`)
  return index < 0 ? index + length : index
}

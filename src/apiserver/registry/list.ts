import { badRequest, expired } from '../../apimachinery/status.ts'
import { scan } from '../../store/scan.ts'
import { CompactedError, type Entry, type Range, type RangeOptions } from '../../store/store.ts'
import type { Call } from '../request/call.ts'
import { type ListOptions, readListOptions } from '../request/list-options.ts'
import { type ListAnswer, type ListItem, type ListRest, StoredObject } from './answer.ts'
import { decodeContinue, encodeContinue } from './continue-token.ts'
import type { Found } from './field-index.ts'
import type { KeptItems } from './list-cache.ts'
import { listRevisionError, parseRevision, waitForRevision } from './revision.ts'
import { EVERYTHING, type Selection, selectionOf } from './selection.ts'
import { collectionPrefix, type Registry, type ServedResource, storageKey } from './served.ts'

/** Entries that are looked at in one turn of the event loop. */
const PAGE = 500
/** Entries that are read before the answer begins. */
const FIRST = 50
const FIRST_BYTES = 256 * 1024

/** GET of a collection. */
export async function listObjects(registry: Registry, resource: ServedResource, call: Call): Promise<ListAnswer> {
  const options = readListOptions(call.query)
  const selection = selectionOf(resource.definition, options.labels, options.fields, call.info.namespace)
  return listSelected(registry, resource, options, selection, call.signal)
}

/** Lists what is selected at one revision. */
export async function listSelected(
  registry: Registry,
  resource: ServedResource,
  options: ListOptions,
  selection: Selection,
  signal: AbortSignal,
): Promise<ListAnswer> {
  const prefix = collectionPrefix(resource.definition, selection.namespace)
  const from = await whereFrom(registry, options, prefix, signal)
  if (selection.name !== undefined && (selection.namespace || resource.definition.scope === 'Cluster')) {
    return listOne(registry, resource, selection, selection.name, from)
  }
  const found = await listIndexed(registry, resource, options, selection, from)
  if (found) return found
  // Upstream's cache, which answers from where it is, has no pages.
  return options.limit > 0 && !(options.resourceVersion === '0' && options.resourceVersionMatch !== 'Exact')
    ? listPage(registry, resource, options, selection, prefix, from)
    : listAll(registry, resource, selection, prefix, from)
}

function listOf(resource: ServedResource): Pick<ListAnswer, 'type' | 'resource' | 'kind' | 'apiVersion'> {
  return { type: 'list', resource, kind: resource.definition.listKind, apiVersion: resource.codec.apiVersion }
}

interface From {
  /** Read as of this revision; the newest when undefined. */
  readonly revision: number | undefined
  readonly start: string | undefined
  /** How many entries there are from there on, when a continue token says so. */
  readonly left?: number | undefined
}

/** Upstream's rules for resourceVersion, resourceVersionMatch and continue. */
async function whereFrom(registry: Registry, options: ListOptions, prefix: string, signal: AbortSignal): Promise<From> {
  const { resourceVersion, resourceVersionMatch: match } = options
  if (options.continue) return continueFrom(registry, options, prefix)
  if (resourceVersion === '') {
    await registry.store.latest()
    return { revision: undefined, start: undefined }
  }
  const revision = parseRevision(resourceVersion)
  if (match === 'Exact' || (match === '' && options.limit > 0 && revision > 0)) return { revision, start: undefined }
  await waitForRevision(registry, revision, signal)
  return { revision: undefined, start: undefined }
}

async function continueFrom(registry: Registry, options: ListOptions, prefix: string): Promise<From> {
  const { startKey, revision, remaining } = decodeContinue(options.continue, prefix)
  if (options.resourceVersion !== '' && options.resourceVersion !== '0') {
    throw badRequest('specifying resource version is not allowed when using continue')
  }
  if (revision <= 0) await registry.store.latest()
  return { revision: revision > 0 ? revision : undefined, start: startKey, left: remaining }
}

async function listOne(
  registry: Registry,
  resource: ServedResource,
  selection: Selection,
  name: string,
  from: From,
): Promise<ListAnswer> {
  const key = storageKey(resource.definition, selection.namespace, name)
  const revision = from.revision ?? registry.store.revision
  const entry = await read(registry, from, () => registry.store.get(key, { revision }))
  const object = entry && new StoredObject(resource, entry.value, entry.modRevision)
  const first = object && selection.matches(object.object()) ? [object] : []
  return { ...listOf(resource), revision, continue: '', remaining: undefined, first, rest: undefined }
}

/** A page that the client asked for. */
async function listPage(
  registry: Registry,
  resource: ServedResource,
  options: ListOptions,
  selection: Selection,
  prefix: string,
  from: From,
): Promise<ListAnswer> {
  const first: StoredObject[] = []
  let { revision, start } = from
  for (;;) {
    const want = selection.all ? options.limit - first.length : Math.max(options.limit, PAGE)
    const countRemaining = selection.all && from.left === undefined
    const page = await range(registry, prefix, { start, revision, limit: want, countRemaining }, from)
    revision ??= page.revision
    for (const [index, entry] of page.entries.entries()) {
      const object = pick(resource, selection, entry)
      if (!object) continue
      first.push(object)
      const more = page.more || index < page.entries.length - 1
      if (first.length < options.limit || !more) continue
      const left = from.left === undefined ? page.remaining : from.left - first.length
      const remaining = selection.all ? left : undefined
      const token = encodeContinue({ startKey: after(entry.key), revision, remaining }, prefix)
      return { ...listOf(resource), revision, continue: token, remaining, first, rest: undefined }
    }
    if (!page.more) return { ...listOf(resource), revision, continue: '', remaining: undefined, first, rest: undefined }
    start = after(page.entries.at(-1)?.key ?? prefix)
  }
}

/** Everything, read in steps at the first step's revision. */
async function listAll(
  registry: Registry,
  resource: ServedResource,
  selection: Selection,
  prefix: string,
  from: From,
): Promise<ListAnswer> {
  const wantsAll = selection.all && from.revision === undefined && from.start === undefined
  const kept = wantsAll ? registry.lists.find(resource, prefix) : undefined
  if (kept) return keptAnswer(registry, resource, prefix, kept)
  const keep = wantsAll ? registry.lists.keeper(resource, prefix) : undefined
  const step = { start: from.start, revision: from.revision, limit: FIRST }
  const first = withinBytes(await range(registry, prefix, step, from))
  const revision = from.revision ?? first.revision
  const start = first.more ? after(first.entries.at(-1)?.key ?? prefix) : undefined
  return {
    ...listOf(resource),
    revision,
    continue: '',
    remaining: undefined,
    first: picked(resource, selection, first),
    ...(keep && { keep }),
    rest:
      start === undefined
        ? undefined
        : () => new StoredRest(registry, resource, selection, { prefix, start, revision }),
  }
}

/** Of large objects fewer: who reads slowly holds them until they are sent. */
function withinBytes(page: Range): Range {
  let bytes = 0
  const count = page.entries.findIndex(({ value }) => (bytes += value.length) >= FIRST_BYTES) + 1
  return count === 0 || count === page.entries.length
    ? page
    : { ...page, entries: page.entries.slice(0, count), more: true }
}

/** What has not changed since it was encoded; read anew only by who wants another form. */
function keptAnswer(registry: Registry, resource: ServedResource, prefix: string, kept: KeptItems): ListAnswer {
  const { revision } = registry.store
  return {
    ...listOf(resource),
    revision,
    continue: '',
    remaining: undefined,
    first: [],
    kept,
    rest: () => new StoredRest(registry, resource, EVERYTHING, { prefix, start: prefix, revision }),
  }
}

/** The newest of what an index finds, when there is one and all fits into a page. */
async function listIndexed(
  registry: Registry,
  resource: ServedResource,
  { limit }: ListOptions,
  selection: Selection,
  from: From,
): Promise<ListAnswer | undefined> {
  if (selection.all || from.revision !== undefined || from.start !== undefined) return undefined
  const found = await registry.fieldIndexes.find(resource, selection)
  if (!found || (limit > 0 && found.keys.length >= limit)) return undefined
  const { revision } = found
  const rest = new IndexedRest(registry, resource, selection, found)
  const first: ListItem[] = []
  const more = await rest.step((item) => first.push(item) < FIRST)
  return {
    ...listOf(resource),
    revision,
    continue: '',
    remaining: undefined,
    first,
    rest: more ? () => rest : undefined,
  }
}

/** What is selected of the objects of some keys. */
class IndexedRest implements ListRest {
  readonly #registry: Registry
  readonly #resource: ServedResource
  readonly #selection: Selection
  readonly #keys: readonly string[]
  readonly #from: From
  #at = 0

  constructor(registry: Registry, resource: ServedResource, selection: Selection, { keys, revision }: Found) {
    this.#registry = registry
    this.#resource = resource
    this.#selection = selection
    this.#keys = keys
    this.#from = { revision, start: undefined }
  }

  async step(visit: (item: ListItem) => boolean): Promise<boolean> {
    const end = Math.min(this.#at + PAGE, this.#keys.length)
    const { revision } = this.#from
    while (this.#at < end) {
      const key = this.#keys[this.#at++] ?? ''
      const entry = await read(this.#registry, this.#from, () => this.#registry.store.get(key, { revision }))
      const item = entry && pick(this.#resource, this.#selection, entry)
      if (item && !visit(item)) break
    }
    return this.#at < this.#keys.length
  }
}

interface Position {
  readonly prefix: string
  readonly start: string
  readonly revision: number
}

/** What is selected from a key on, shown in place. */
class StoredRest implements ListRest {
  readonly #registry: Registry
  readonly #resource: ServedResource
  readonly #selection: Selection
  readonly #prefix: string
  readonly #revision: number
  #start: string

  constructor(
    registry: Registry,
    resource: ServedResource,
    selection: Selection,
    { prefix, start, revision }: Position,
  ) {
    this.#registry = registry
    this.#resource = resource
    this.#selection = selection
    this.#prefix = prefix
    this.#start = start
    this.#revision = revision
  }

  async step(visit: (item: ListItem) => boolean): Promise<boolean> {
    const options = { start: this.#start, revision: this.#revision, limit: PAGE }
    const { last, more } = await scan(this.#registry.store, this.#prefix, options, (entry) => {
      const item = pick(this.#resource, this.#selection, entry)
      return item === undefined || visit(item)
    })
    if (last !== undefined) this.#start = after(last)
    return more
  }
}

/** The first key that can follow. */
function after(key: string): string {
  return `${key}\0`
}

function picked(resource: ServedResource, selection: Selection, page: Range): StoredObject[] {
  return page.entries.flatMap((entry) => pick(resource, selection, entry) ?? [])
}

/** An entry's object, if it is selected. */
function pick(resource: ServedResource, selection: Selection, { value, modRevision }: Entry): StoredObject | undefined {
  if (!selection.all && !selection.mayMatch(value)) return undefined
  const object = new StoredObject(resource, value, modRevision)
  if (selection.all) return object
  const looksAt = selection.byMetadata ? { metadata: object.metadata() } : object.object()
  return selection.matches(looksAt) ? object : undefined
}

interface Step {
  readonly start: string | undefined
  readonly revision: number | undefined
  readonly limit: number
  readonly countRemaining?: boolean
}

function range(registry: Registry, prefix: string, step: Step, from: From): Promise<Range> {
  const { start, revision, limit, countRemaining = false } = step
  const options: RangeOptions = {
    stale: true, // How new it must be was seen to before.
    limit,
    countRemaining,
    ...(start !== undefined && { start }),
    ...(revision !== undefined && { revision }),
  }
  return read(registry, from, () => registry.store.range(prefix, options), prefix)
}

async function read<T>(registry: Registry, from: From, reading: () => T | Promise<T>, prefix = ''): Promise<T> {
  try {
    return await reading()
  } catch (error) {
    if (error instanceof CompactedError && from.start !== undefined) throw staleContinue(from.start, prefix)
    throw listRevisionError(error, from.revision ?? 0, registry.store.revision)
  }
}

/** 410 with a token that goes on at the newest revision, for clients that prefer a rough list to none. */
function staleContinue(start: string, prefix: string): Error {
  const error = expired(
    'The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.',
  )
  error.status.metadata = { continue: encodeContinue({ startKey: start, revision: -1 }, prefix) }
  return error
}

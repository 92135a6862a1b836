import { addCustomModels } from './custom.ts'
import { Definitions } from './definitions.ts'
import { fingerprint } from './fingerprint.ts'
import { encodeDocumentV2 } from './gnostic/encode.ts'
import type { Descriptions, Dialect, Json, PublishedResource } from './model.ts'
import {
  discoveryOperations,
  groupOperations,
  operationsOf,
  serverOperations,
  versionOperations,
  type Operation,
  type ResourceModels,
} from './operations/index.ts'
import { documentV2 } from './v2.ts'
import { documentV3 } from './v3.ts'

export interface OpenApiOptions {
  readonly builtIn: readonly PublishedResource[]
  /** The product's version: documents of another one have another hash. */
  readonly version: string
  readonly descriptions?: Descriptions
}

/**
 * The OpenAPI documents of a set of resources. Each is built when it is first asked for and then kept. When custom resources come or
 * go, `withCustom` gives the documents of the new set, which share those that did not change.
 */
export class OpenApiDocuments {
  readonly #options: OpenApiOptions
  readonly #custom: readonly PublishedResource[]
  readonly #shared: Shared
  #sources: ReadonlyMap<string, Source> | undefined
  #v2: string | undefined
  #v2Protobuf: Uint8Array | undefined

  constructor(
    options: OpenApiOptions,
    custom: readonly PublishedResource[] = [],
    shared: Shared = { texts: new Map(), facts: new WeakMap() },
  ) {
    this.#options = options
    this.#custom = custom
    this.#shared = shared
  }

  /** The documents when these are the custom resources. */
  withCustom(custom: readonly PublishedResource[]): OpenApiDocuments {
    return new OpenApiDocuments(this.#options, custom, this.#shared)
  }

  /** /openapi/v2 as JSON. */
  v2Json(): string {
    return (this.#v2 ??= JSON.stringify(this.#buildV2()))
  }

  /** /openapi/v2 as gnostic's protobuf. */
  v2Protobuf(): Uint8Array {
    return (this.#v2Protobuf ??= encodeDocumentV2(JSON.parse(this.v2Json()) as Json))
  }

  /** /openapi/v3: where the document of each group and version is. */
  v3Index(): string {
    const paths = [...this.#documents()].map(([name, { hash }]) => {
      return [name, { serverRelativeURL: `/openapi/v3/${name}?hash=${hash}` }] as const
    })
    return JSON.stringify({ paths: Object.fromEntries(paths) })
  }

  /** The document of `api/v1`, `apis/apps/v1`, ... as JSON, or undefined when there is none of that name. */
  v3(name: string): string | undefined {
    const source = this.#documents().get(name)
    if (!source) return undefined
    const { texts } = this.#shared
    const json = texts.get(source.hash) ?? JSON.stringify(this.#buildV3(source))
    texts.set(source.hash, json)
    return json
  }

  /** What tells the document of that name from an earlier one; known without building it. */
  v3Hash(name: string): string | undefined {
    return this.#documents().get(name)?.hash
  }

  /** What tells the whole set from an earlier one. */
  v2Hash(): string {
    return fingerprint([...this.#documents().values()].map(({ hash }) => hash).join())
  }

  #buildV2(): Json {
    const definitions = new Definitions(2, this.#options.descriptions)
    const operations = [...this.#documents().values()].flatMap((source) => this.#operations(source, 2, definitions))
    return documentV2(operations, definitions, this.#options.descriptions)
  }

  #buildV3(source: Source): Json {
    const isCustom = source.resources.length > 0 && source.resources.every(({ custom }) => custom !== undefined)
    const versions = source.resources.map(({ definition: { group, version } }) => `${group}/${version}`)
    const only = isCustom ? undefined : ['/v1', ...versions]
    const definitions = new Definitions(3, this.#options.descriptions, only)
    const operations = this.#operations(source, 3, definitions)
    return documentV3(operations, definitions, this.#options.descriptions, isCustom)
  }

  #operations({ resources, fixed }: Source, dialect: Dialect, definitions: Definitions): Operation[] {
    const own = resources.flatMap((resource) => operationsOf(resource, this.#models(resource, dialect, definitions)))
    return [...fixed, ...own]
  }

  #models(resource: PublishedResource, dialect: Dialect, definitions: Definitions): ResourceModels {
    if (resource.custom) return addCustomModels(definitions, dialect, resource, this.#options.descriptions)
    const { schema, kind, listKind } = resource.definition
    return { object: schema.name, list: schema.name.slice(0, -kind.length) + listKind }
  }

  #documents(): ReadonlyMap<string, Source> {
    if (this.#sources) return this.#sources
    const found = sources(this.#options, this.#custom, this.#shared.facts)
    const hashes = new Set([...found.values()].map(({ hash }) => hash))
    for (const hash of this.#shared.texts.keys()) if (!hashes.has(hash)) this.#shared.texts.delete(hash)
    return (this.#sources = found)
  }
}

/** What sets of documents have in common. */
interface Shared {
  /** Texts of OpenAPI v3 documents by their hash, as long as the newest set has them. */
  readonly texts: Map<string, string>
  /** What of a resource shows in its document, by its definition; so a change costs what changed, however many there are. */
  readonly facts: WeakMap<object, string>
}

/** What one document is made of. */
interface Source {
  readonly resources: readonly PublishedResource[]
  /** Operations that are no resource's. */
  readonly fixed: readonly Operation[]
  /** Changes when the document does. */
  readonly hash: string
}

function sources(
  { builtIn, version, descriptions }: OpenApiOptions,
  custom: readonly PublishedResource[],
  known: WeakMap<object, string>,
): Map<string, Source> {
  const found = new Map<string, Source>()
  const add = (name: string, fixed: readonly Operation[], resources: readonly PublishedResource[] = []): void => {
    const facts = resources.map((resource) => {
      const fact = known.get(resource.definition) ?? fingerprint(JSON.stringify(factsOf(resource)))
      known.set(resource.definition, fact)
      return fact
    })
    found.set(name, { resources, fixed, hash: fingerprint(JSON.stringify([name, version, !!descriptions, facts])) })
  }
  const { core, groups } = discoveryOperations()
  add('api', [core])
  add('apis', [groups])
  for (const group of new Set(builtIn.map(({ definition }) => definition.group))) {
    if (group) add(`apis/${group}`, groupOperations(group))
  }
  const byVersion = Map.groupBy([...builtIn, ...custom], ({ definition }) => documentName(definition))
  for (const [name, resources] of byVersion) {
    const served = resources.find((resource) => !resource.custom)
    add(name, served ? versionOperations(served.definition) : [], resources)
  }
  for (const [name, operation] of serverOperations()) add(name, [operation])
  return new Map([...found].sort(([a], [b]) => (a < b ? -1 : 1)))
}

function documentName({ group, version }: { group: string; version: string }): string {
  return group === '' ? `api/${version}` : `apis/${group}/${version}`
}

/** What of a resource shows in its document; a built-in one's kind and verbs stand for the rest, which only another version changes. */
function factsOf({ definition, custom }: PublishedResource): unknown {
  const { kind, listKind, plural, scope, verbs, status, scale, selectableFields } = definition
  if (!custom) return [kind, verbs]
  return [kind, listKind, plural, scope, verbs, status, !!scale, Object.keys(selectableFields), custom.openAPIV3Schema]
}

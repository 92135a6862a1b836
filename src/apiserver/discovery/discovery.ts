import type { Call } from '../request/call.ts'
import { header } from '../request/call.ts'
import { type Accepted, ALL_MEDIA_TYPES, JSON_TYPE, negotiate } from '../request/negotiate.ts'
import type { Answer } from '../registry/answer.ts'
import { methodNotAllowed } from '../registry/refusals.ts'
import type { ResourceTable } from '../resource-table.ts'
import { aggregatedDiscovery, isAggregated } from './aggregated.ts'
import { mergeGroups, type NamedGroup, type RemoteVersion } from '../aggregation/merge.ts'
import { apiGroup, apiGroupList, apiVersions, type Group } from './groups.ts'
import { apiResourceList } from './resources.ts'

/** What aggregated servers answer for. */
export interface Remotes {
  /** Moves with every change of `versions`. */
  readonly generation: number
  versions(): readonly RemoteVersion[]
}

/** The discovery documents, each built when first asked for and kept until the resources change. */
export class Discovery {
  readonly #table: ResourceTable
  readonly #address: string
  readonly #remotes: () => Remotes | undefined
  #generation = -1
  #documents = new Map<string, Promise<Document>>()

  /** `address` is where clients reach the server, `host:port`. */
  constructor(table: ResourceTable, address: string, remotes: () => Remotes | undefined = () => undefined) {
    this.#table = table
    this.#address = address
    this.#remotes = remotes
  }

  /** Answers /api, /apis and what is below them up to a group and version; undefined for what is not there. */
  async answer(call: Call): Promise<Answer | undefined> {
    const [root = '', group, version, ...rest] = call.info.path.replace(/^\/+|\/+$/g, '').split('/')
    if (rest.length > 0 || (root !== 'api' && root !== 'apis')) return undefined
    if (root === 'api') return this.#core(call, group, version)
    if (group === undefined) return this.#root(call, 'apis')
    if (group === '') return undefined
    const named = this.#named().find(({ name }) => name === group)
    if (version === undefined) return named && this.#plain(call, `apis/${group}`, () => apiGroup(named, true))
    const found = this.#table.groups().find(({ name }) => name === group)
    return found && this.#version(call, found, version)
  }

  async #core(call: Call, version: string | undefined, tooDeep: string | undefined): Promise<Answer | undefined> {
    if (version === undefined) return this.#root(call, 'api')
    const core = this.#table.groups().find(({ name }) => name === '')
    return core && tooDeep === undefined ? this.#version(call, core, version) : undefined
  }

  async #version(call: Call, group: Group, version: string): Promise<Answer | undefined> {
    const found = group.versions.find((served) => served.version === version)
    if (found && call.method !== 'GET') throw methodNotAllowed()
    return found && this.#plain(call, `${group.name}/${version}`, () => apiResourceList(found.resources))
  }

  #root(call: Call, root: 'api' | 'apis'): Promise<Answer> {
    const accepted = negotiateRoot(call)
    if (isAggregated(accepted.target)) return this.#aggregated(call, root)
    return this.#plain(call, root, () =>
      root === 'api' ? apiVersions(this.#table.groups(), this.#address) : apiGroupList(this.#named()),
    )
  }

  async #plain(call: Call, name: string, build: () => unknown): Promise<Answer> {
    call.negotiate?.()
    const { value } = await this.#document(name, build)
    return { type: 'value', status: 200, value }
  }

  async #aggregated(call: Call, root: 'api' | 'apis'): Promise<Answer> {
    const groups = this.#table.groups().filter(({ name }) => (name === '') === (root === 'api'))
    const remotes = root === 'apis' ? this.#remotes()?.versions() : undefined
    const { text, etag } = await this.#document(`aggregated ${root}`, () => aggregatedDiscovery(groups, remotes))
    const headers = {
      'content-type': `${JSON_TYPE};g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList`,
      'cache-control': 'public',
      etag,
      vary: 'Accept',
    }
    const unchanged = header(call.headers, 'if-none-match') === etag
    if (unchanged) return { type: 'raw', status: 304, headers, body: '' }
    return { type: 'raw', status: 200, headers, body: text, isObject: true }
  }

  /** All groups with the names of their versions, those of aggregated servers among them. */
  #named(): readonly NamedGroup<{ readonly version: string }>[] {
    const groups = this.#table.groups()
    const remotes = this.#remotes()?.versions() ?? []
    return remotes.length === 0 ? groups : mergeGroups(groups, remotes, ({ service }) => ({ version: service.version }))
  }

  #document(name: string, build: () => unknown): Promise<Document> {
    const generation = this.#table.generation + (this.#remotes()?.generation ?? 0)
    if (this.#generation !== generation) {
      this.#generation = generation
      this.#documents = new Map()
    }
    const document = this.#documents.get(name) ?? makeDocument(build)
    this.#documents.set(name, document)
    return document
  }
}

interface Document {
  readonly value: unknown
  readonly text: string
  readonly etag: string
}

async function makeDocument(build: () => unknown): Promise<Document> {
  const value = await build()
  const text = JSON.stringify(value)
  const digest = await crypto.subtle.digest('SHA-512', new TextEncoder().encode(text))
  const hex = Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('')
  return { value, text, etag: `"${hex.toUpperCase()}"` }
}

/** Aggregated discovery comes in JSON alone; a client that lists other forms first still gets it. */
function negotiateRoot(call: Call): Accepted {
  return negotiate(header(call.headers, 'accept'), {
    mediaTypes: ALL_MEDIA_TYPES,
    allows: (target, mediaType) => target === undefined || (isAggregated(target) && mediaType === JSON_TYPE),
  })
}

import { isJsonObject } from '../../lib/json-value.ts'
import type { Registry } from '../registry/served.ts'
import { type RemoteApiService, rootOf } from './api-service.ts'
import { type Asked, ask } from './ask.ts'

type JsonObject = Readonly<Record<string, unknown>>

/** What an aggregated API server says of one group and version. */
export interface RemoteFacts {
  /** Its resources, as apidiscovery.k8s.io/v2 lists them. */
  readonly resources: readonly unknown[]
  /** What tells its OpenAPI v3 document from an earlier one; undefined when it has none. */
  readonly openApiV3: string | undefined
  /** Its OpenAPI v2 document; undefined when it has none. */
  readonly openApiV2: JsonObject | undefined
  /** What tells that document from a later one, where the server says so (RFC 9110, 8.8.3); '' otherwise. */
  readonly openApiV2Tag: string
}

type Reach = Pick<Registry, 'store' | 'env' | 'connector'>

const AGGREGATED = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json'

/** Asks an aggregated server for discovery and OpenAPI. Rejects when discovery fails; OpenAPI it may do without. */
export async function readFacts(reach: Reach, remote: RemoteApiService, before?: RemoteFacts): Promise<RemoteFacts> {
  const resources = await resourcesOf(reach, remote)
  const [openApiV3, v2] = await Promise.all([v3HashOf(reach, remote), v2Of(reach, remote, before)])
  return { resources, openApiV3, ...v2 }
}

/** Whether two looks found the same; a document that is kept is not read through. */
export function sameFacts(before: RemoteFacts, { openApiV2, ...facts }: RemoteFacts): boolean {
  const { openApiV2: known, ...rest } = before
  const isSame = known === openApiV2 || JSON.stringify(known) === JSON.stringify(openApiV2)
  return isSame && JSON.stringify(rest) === JSON.stringify(facts)
}

async function resourcesOf(reach: Reach, remote: RemoteApiService): Promise<readonly unknown[]> {
  if (remote.group !== '') {
    const all = parsed(await ask(reach, remote, '/apis', { accept: AGGREGATED }))
    const found = all?.kind === 'APIGroupDiscoveryList' ? resourcesIn(all, remote) : undefined
    if (found) return found
  }
  const asked = await ask(reach, remote, `/${rootOf(remote)}`, { accept: 'application/json' })
  const list = parsed(asked)
  if (!list || !Array.isArray(list.resources))
    throw new Error(`no APIResourceList at ${asked.url}: status ${asked.status}`)
  return asDiscovery(list.resources.filter(isJsonObject), remote)
}

function resourcesIn(list: JsonObject, { group, version }: RemoteApiService): readonly unknown[] | undefined {
  for (const item of arrayOf(list.items)) {
    if (!isJsonObject(item.metadata) || item.metadata.name !== group) continue
    const found = arrayOf(item.versions).find((one) => one.version === version)
    if (found) return arrayOf(found.resources)
  }
  return undefined
}

/** metav1.APIResources as apidiscovery.k8s.io/v2 has them: subresources below their resource. */
function asDiscovery(list: readonly JsonObject[], { group, version }: RemoteApiService): unknown[] {
  const responseKind = ({ group: of, version: at, kind }: JsonObject): unknown => ({
    group: of || group,
    version: at || version,
    kind,
  })
  const subresources = Map.groupBy(
    list.filter(({ name }) => String(name).includes('/')),
    ({ name }) => String(name).slice(0, String(name).indexOf('/')),
  )
  return list
    .filter(({ name }) => !String(name).includes('/'))
    .map((resource) => {
      const below = (subresources.get(String(resource.name)) ?? []).map((one) => ({
        subresource: String(one.name).slice(String(one.name).indexOf('/') + 1),
        responseKind: responseKind(one),
        verbs: one.verbs,
      }))
      const { name, namespaced, singularName, verbs, shortNames, categories } = resource
      return {
        resource: name,
        responseKind: responseKind(resource),
        scope: namespaced ? 'Namespaced' : 'Cluster',
        singularResource: singularName ?? '',
        verbs,
        ...(shortNames !== undefined && { shortNames }),
        ...(categories !== undefined && { categories }),
        ...(below.length > 0 && { subresources: below }),
      }
    })
}

async function v3HashOf(reach: Reach, remote: RemoteApiService): Promise<string | undefined> {
  const index = await optional(() => ask(reach, remote, '/openapi/v3', { accept: 'application/json' }))
  const paths = index && isJsonObject(index.paths) ? index.paths : {}
  const found = paths[rootOf(remote)]
  if (!isJsonObject(found) || typeof found.serverRelativeURL !== 'string') return undefined
  return new URLSearchParams(found.serverRelativeURL.split('?')[1] ?? '').get('hash') ?? ''
}

type V2 = Pick<RemoteFacts, 'openApiV2' | 'openApiV2Tag'>

/** The document is large and seldom another: it is asked for only where it is not the one that is known. */
async function v2Of(reach: Reach, remote: RemoteApiService, before: V2 | undefined): Promise<V2> {
  const known = before?.openApiV2 && before.openApiV2Tag ? before : undefined
  const headers = { accept: 'application/json', ...(known && { 'if-none-match': known.openApiV2Tag }) }
  let tag = ''
  const document = await optional(async () => {
    const asked = await ask(reach, remote, '/openapi/v2', headers)
    const { etag = '' } = asked.headers
    tag = asked.status === 304 ? NOT_MODIFIED : String(etag)
    return asked
  })
  if (known && tag === NOT_MODIFIED) return { openApiV2: known.openApiV2, openApiV2Tag: known.openApiV2Tag }
  return { openApiV2: document, openApiV2Tag: document ? tag : '' }
}

const NOT_MODIFIED = ' '

async function optional(read: () => Promise<Asked>): Promise<JsonObject | undefined> {
  try {
    return parsed(await read())
  } catch {
    return undefined
  }
}

function parsed({ status, text }: Asked): JsonObject | undefined {
  if (status !== 200) return undefined
  try {
    const value: unknown = JSON.parse(text)
    return isJsonObject(value) ? value : undefined
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}

function arrayOf(value: unknown): JsonObject[] {
  return Array.isArray(value) ? value.filter(isJsonObject) : []
}

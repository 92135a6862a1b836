import type { APIGroupDiscovery, APIGroupDiscoveryList } from '../../api/generated/types/apidiscovery/v2.ts'
import { errorOf } from '../caller.ts'
import type { DynamicResource } from '../dynamic.ts'
import { TransportError, type ApiResponse, type Transport } from '../transport.ts'

/** A resource that the server serves, at one of its versions. */
export interface DiscoveredResource extends DynamicResource {
  readonly verbs: readonly string[]
  readonly subresources: readonly string[]
}

export interface Discovered {
  /** Every resource of every group and version; of each group the preferred version first. */
  readonly resources: readonly DiscoveredResource[]
  /** Groups and versions whose resources are not known because the server behind them did not answer, with why. */
  readonly failures: ReadonlyMap<string, string>
}

/** The aggregated documents (apidiscovery v2), or where a server has none, the older ones. */
const ACCEPT = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json'

/** Asks the server what it serves. Rejects when it does not answer at all, or names nothing; see `failures` for the rest. */
export async function discover(transport: Transport, signal?: AbortSignal): Promise<Discovered> {
  const resources: DiscoveredResource[] = []
  const failures = new Map<string, string>()
  for (const path of ['/api', '/apis'] as const) {
    const answer = await get(transport, path, signal)
    if (isAggregated(answer.body)) addGroups(answer.body, resources, failures)
    else await readPlain(transport, path, answer.body, { resources, failures }, signal)
  }
  // Who deletes everything, or collects garbage, must not take this for an empty world.
  if (resources.length === 0) throw new TransportError('the server named no resources')
  return { resources, failures }
}

/** Of each resource only the version that its group prefers, or the first that has it. */
export function preferredResources(resources: readonly DiscoveredResource[]): DiscoveredResource[] {
  const chosen = new Map<string, DiscoveredResource>()
  for (const resource of resources) {
    const name = `${resource.group}/${resource.plural}`
    if (!chosen.has(name)) chosen.set(name, resource)
  }
  return [...chosen.values()]
}

async function get(transport: Transport, path: string, signal?: AbortSignal): Promise<ApiResponse> {
  const headers = { accept: ACCEPT }
  const answer = await transport.request({ method: 'GET', path, headers, ...(signal && { signal }) })
  if (answer.status >= 400) throw errorOf(answer)
  return answer
}

function isAggregated(body: unknown): body is APIGroupDiscoveryList {
  return typeof body === 'object' && body !== null && (body as { kind?: unknown }).kind === 'APIGroupDiscoveryList'
}

function addGroups(
  { items }: APIGroupDiscoveryList,
  resources: DiscoveredResource[],
  failures: Map<string, string>,
): void {
  for (const { metadata, versions = [] } of items as readonly APIGroupDiscovery[]) {
    const group = metadata.name ?? ''
    for (const { version, resources: served = [], freshness } of versions) {
      if (freshness === 'Stale') failures.set(group ? `${group}/${version}` : version, 'stale GroupVersion discovery')
      for (const { resource, responseKind, scope, verbs, subresources = [] } of served) {
        resources.push({
          group,
          version,
          kind: responseKind?.kind ?? '',
          plural: resource,
          namespaced: scope === 'Namespaced',
          verbs,
          subresources: subresources.map((sub) => sub.subresource),
        })
      }
    }
  }
}

interface PlainVersions {
  readonly versions?: readonly string[]
  readonly groups?: readonly {
    readonly name: string
    readonly preferredVersion?: { readonly version: string }
    readonly versions: readonly { readonly version: string }[]
  }[]
}
interface PlainResources {
  readonly resources?: readonly {
    readonly name: string
    readonly kind: string
    readonly namespaced: boolean
    readonly verbs: readonly string[]
  }[]
}

async function readPlain(
  transport: Transport,
  root: '/api' | '/apis',
  body: unknown,
  into: { readonly resources: DiscoveredResource[]; readonly failures: Map<string, string> },
  signal?: AbortSignal,
): Promise<void> {
  for (const { group, version } of plainVersions(body as PlainVersions)) {
    const groupVersion = group ? `${group}/${version}` : version
    try {
      const answer = await get(transport, `${root}/${groupVersion}`, signal)
      into.resources.push(...plainResources(group, version, answer.body as PlainResources))
    } catch (error) {
      into.failures.set(groupVersion, error instanceof Error ? error.message : String(error))
    }
  }
}

function plainVersions({ versions, groups }: PlainVersions): { readonly group: string; readonly version: string }[] {
  if (!groups) return (versions ?? []).map((version) => ({ group: '', version }))
  return groups.flatMap(({ name, preferredVersion, versions: all }) => {
    const preferred = preferredVersion?.version
    const sorted = [...all.filter((v) => v.version === preferred), ...all.filter((v) => v.version !== preferred)]
    return sorted.map(({ version }) => ({ group: name, version }))
  })
}

function plainResources(group: string, version: string, { resources = [] }: PlainResources): DiscoveredResource[] {
  return resources
    .filter(({ name }) => !name.includes('/'))
    .map(({ name, kind, namespaced, verbs }) => ({
      group,
      version,
      kind,
      plural: name,
      namespaced,
      verbs,
      subresources: resources.flatMap((other) =>
        other.name.startsWith(`${name}/`) ? [other.name.slice(name.length + 1)] : [],
      ),
    }))
}

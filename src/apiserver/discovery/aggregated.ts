import type { ResourceDefinition } from '../../apimachinery/resource.ts'
import type { Target } from '../request/negotiate.ts'
import { mergeGroups, type NamedGroup, type RemoteVersion } from '../aggregation/merge.ts'
import type { Group } from './groups.ts'
import { type ApiResource, apiResources } from './resources.ts'

/** Whether a client asks for all groups, versions and resources in one document (KEP-3352). */
export function isAggregated(target: Target | undefined): boolean {
  return target?.kind === 'APIGroupDiscoveryList' && target.group === 'apidiscovery.k8s.io' && target.version === 'v2'
}

/** apidiscovery.k8s.io/v2 APIGroupDiscoveryList. */
export async function aggregatedDiscovery(
  groups: readonly Group[],
  remotes: readonly RemoteVersion[] = [],
): Promise<unknown> {
  const local = await Promise.all(groups.map(groupDiscovery))
  const all = mergeGroups(local, remotes, ({ service, resources, fresh }) => ({
    version: service.version,
    resources,
    freshness: fresh ? 'Current' : 'Stale',
  }))
  return {
    kind: 'APIGroupDiscoveryList',
    apiVersion: 'apidiscovery.k8s.io/v2',
    metadata: {},
    items: all.map(({ name, versions }) => ({ metadata: name ? { name } : {}, versions })),
  }
}

interface VersionDiscovery {
  readonly version: string
  readonly resources: readonly unknown[]
  readonly freshness: string
}

async function groupDiscovery({ name, versions }: Group): Promise<NamedGroup<VersionDiscovery>> {
  return {
    name,
    versions: await Promise.all(
      versions.map(async ({ version, resources }) => ({
        version,
        resources: (await Promise.all(resources.map(resourceDiscovery))).flat(),
        freshness: 'Current',
      })),
    ),
  }
}

async function resourceDiscovery(definition: ResourceDefinition): Promise<unknown> {
  const listed = await apiResources(definition)
  // Empty stands for the group and version that it is listed in; custom resources name them all the same.
  const implied = definition.schema.name === '' ? definition : { group: '', version: '' }
  const responseKind = ({ group = implied.group, version = implied.version, kind }: ApiResource): unknown => ({
    group,
    version,
    kind,
  })
  const own = listed.find(({ name }) => name === definition.plural)
  if (!own) return []
  const subresources = listed
    .filter((resource) => resource !== own)
    .map((resource) => ({
      subresource: resource.name.slice(resource.name.indexOf('/') + 1),
      responseKind: responseKind(resource),
      verbs: resource.verbs,
    }))
  return {
    resource: own.name,
    responseKind: responseKind(own),
    scope: definition.scope === 'Namespaced' ? 'Namespaced' : 'Cluster',
    singularResource: own.singularName,
    verbs: own.verbs,
    ...(own.shortNames && { shortNames: own.shortNames }),
    ...(own.categories && { categories: own.categories }),
    ...(subresources.length > 0 && { subresources }),
  }
}

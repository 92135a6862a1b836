import type { ResourceDefinition } from '../../apimachinery/resource.ts'
import type { ApiServer } from '../server.ts'
import { DEFAULT_VERSION, type VersionInfo } from '../version.ts'
import { collectionPrefix } from '../registry/served.ts'

/** Adds what is asked for when metrics are read: what is stored, and what serves it. */
export function collectFacts(server: ApiServer, version: VersionInfo = DEFAULT_VERSION): void {
  buildInfo(server, version)
  const objects = server.metrics.gauge({
    name: 'apiserver_resource_objects',
    help: 'How many objects are stored.',
    labels: ['group', 'resource'],
  })
  const byName = server.metrics.gauge({
    name: 'apiserver_storage_objects',
    help: 'How many objects are stored, under the name of before 1.34.',
    stability: 'STABLE',
    labels: ['resource'],
  })
  server.metrics.before(async () => {
    const counts = await countObjects(server)
    objects.clear()
    byName.clear()
    for (const [{ group, plural }, count] of counts) {
      objects.of(group, plural).set(count)
      byName.of(group === '' ? plural : `${plural}.${group}`).set(count)
    }
  })
}

/** How many objects there are of each resource, whatever versions it is served in. */
async function countObjects(server: ApiServer): Promise<ReadonlyMap<ResourceDefinition, number>> {
  const counted = new Set<string>()
  const counts = new Map<ResourceDefinition, number>()
  for (const { definition, store = server.registry.store } of server.resources.all()) {
    const prefix = collectionPrefix(definition, '')
    if (definition.virtual || counted.has(prefix)) continue
    counted.add(prefix)
    counts.set(definition, await store.count(prefix))
  }
  return counts
}

function buildInfo({ metrics }: ApiServer, version: VersionInfo): void {
  const { major, minor, gitVersion, gitCommit, gitTreeState, buildDate, goVersion, compiler, platform } = version
  metrics
    .gauge({
      name: 'kubernetes_build_info',
      help: 'What is running.',
      stability: 'BETA',
      labels: [
        'major',
        'minor',
        'git_version',
        'git_commit',
        'git_tree_state',
        'build_date',
        'go_version',
        'compiler',
        'platform',
      ],
    })
    .of(major, minor, gitVersion, gitCommit, gitTreeState, buildDate, goVersion, compiler, platform)
    .set(1)
  metrics
    .gauge({
      name: 'version_info',
      help: 'The versions that are served and imitated.',
      labels: ['component', 'binary', 'emulation', 'min_compat'],
    })
    .of(
      'kube',
      gitVersion.slice(1),
      `${version.emulationMajor}.${version.emulationMinor}`,
      `${version.minCompatibilityMajor}.${version.minCompatibilityMinor}`,
    )
    .set(1)
}

import type { ValidatingAdmissionPolicy } from '../../api/generated/types/admissionregistration/v1.ts'
import { builtInResources } from '../../api/index.ts'
import type { Frozen } from '../../apimachinery/meta.ts'
import type { ResourceDefinition } from '../../apimachinery/resource.ts'

const MAX_KINDS = 10

/** The kinds that a policy names without wildcards, at most ten for each rule, in their order. */
export function kindsOf({ spec }: Frozen<ValidatingAdmissionPolicy>): readonly ResourceDefinition[] {
  const found = new Set<ResourceDefinition>()
  for (const rule of spec?.matchConstraints?.resourceRules ?? []) {
    let count = 0
    for (const [group, version, resource] of combinations(rule)) {
      for (const definition of resourcesOf(group, version, resource)) {
        found.add(definition)
        if (++count === MAX_KINDS) return [...found].toSorted(byKind)
      }
    }
  }
  return [...found].toSorted(byKind)
}

interface Rule {
  readonly apiGroups?: readonly string[]
  readonly apiVersions?: readonly string[]
  readonly resources?: readonly string[]
}

function* combinations({ apiGroups = [], apiVersions = [], resources = [] }: Rule): Iterable<[string, string, string]> {
  if ([...apiGroups, ...apiVersions].some((name) => name.includes('*'))) return
  const named = resources.filter((resource) => !/[*/]/.test(resource))
  for (const group of apiGroups.toSorted()) {
    for (const version of apiVersions.toSorted()) {
      for (const resource of named.toSorted()) yield [group, version, resource]
    }
  }
}

/** As upstream's mapper has it, the core group stands for any. */
function resourcesOf(group: string, version: string, plural: string): readonly ResourceDefinition[] {
  return builtInResources.filter((one) => {
    return one.plural === plural && one.version === version && (group === '' || one.group === group)
  })
}

function byKind(a: ResourceDefinition, b: ResourceDefinition): number {
  const key = ({ group, version, kind }: ResourceDefinition): string => [group, version, kind].join('\0')
  return key(a) < key(b) ? -1 : 1
}

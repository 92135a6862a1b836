import type { MatchResources, NamedRuleWithOperations } from '../../../api/generated/types/admissionregistration/v1.ts'
import { selectorOf } from '../../../apimachinery/labels/label-selector.ts'
import type { LabelSet } from '../../../apimachinery/labels/selector.ts'
import type { Frozen } from '../../../apimachinery/meta.ts'
import type { ResourceDefinition } from '../../../apimachinery/resource.ts'
import { andThen } from '../../../lib/and-then.ts'
import type { MaybePromise } from '../../../store/store.ts'
import type { AdmissionAttributes } from '../types.ts'
import { coversResource, ruleMatches } from '../webhooks/rules.ts'
import { type Namespaces, objectMatches } from '../webhooks/selectors.ts'
import type { OtherVersions } from '../webhooks/versions.ts'

/** What a policy or a binding is for, its selectors read. */
export interface Match {
  readonly resources: Frozen<MatchResources>
  readonly namespaces: LabelSet
  readonly objects: LabelSet
  /** Whether the rules name no objects, so that what they say of one request they say of all of its sort. */
  readonly nameless: boolean
  /** What the rules said of the last sort of request: most that come are alike. */
  last: Ruled | undefined
}

interface Ruled extends Pick<AdmissionAttributes, 'definition' | 'operation' | 'subresource'> {
  readonly namespaced: boolean
  readonly found: ResourceDefinition | undefined
}

export function matchOf(resources: Frozen<MatchResources>): Match {
  const { namespaceSelector = {}, objectSelector = {}, resourceRules = [], excludeResourceRules = [] } = resources
  return {
    resources,
    namespaces: selectorOf(namespaceSelector),
    objects: selectorOf(objectSelector),
    nameless: [...resourceRules, ...excludeResourceRules].every(({ resourceNames = [] }) => resourceNames.length === 0),
    last: undefined,
  }
}

/** Decides which requests a policy or a binding is for (upstream's matching.Matcher). */
export class Matching {
  readonly #namespaces: Namespaces
  readonly #versions: OtherVersions

  constructor(namespaces: Namespaces, versions: OtherVersions) {
    this.#namespaces = namespaces
    this.#versions = versions
  }

  /** Whether it may be for a resource at all, whatever the request. */
  mayMatch({ resources }: Match, { definition, subresource }: AdmissionAttributes): boolean {
    const { resourceRules: rules = [], matchPolicy } = resources
    if (rules.length === 0) return true
    const others = matchPolicy === 'Equivalent' ? this.#versions.of(definition) : []
    return [definition, ...others].some((version) =>
      rules.some((rule) => coversResource(rule, { definition: version, subresource })),
    )
  }

  /** The version of the resource it is for; undefined when it is not. Throws 404 when it depends on a namespace that is not there. */
  match(match: Match, attributes: AdmissionAttributes): MaybePromise<ResourceDefinition | undefined> {
    if (!objectMatches(match.objects, attributes)) return undefined
    const definition = match.nameless ? this.#known(match, attributes) : this.#definition(match, attributes)
    if (!definition) return undefined
    return andThen(this.#namespaces.match(match.namespaces, attributes), (is) => (is ? definition : undefined))
  }

  #known(match: Match, attributes: AdmissionAttributes): ResourceDefinition | undefined {
    const { definition, operation, subresource, namespace } = attributes
    const namespaced = namespace !== ''
    const { last } = match
    if (
      last?.definition === definition &&
      last.operation === operation &&
      last.subresource === subresource &&
      last.namespaced === namespaced
    )
      return last.found
    const found = this.#definition(match, attributes)
    match.last = { definition, operation, subresource, namespaced, found }
    return found
  }

  #definition({ resources }: Match, attributes: AdmissionAttributes): ResourceDefinition | undefined {
    const { resourceRules = [], excludeResourceRules = [], matchPolicy } = resources
    if (this.#ruled(excludeResourceRules, matchPolicy, attributes)) return undefined
    return resourceRules.length === 0 ? attributes.definition : this.#ruled(resourceRules, matchPolicy, attributes)
  }

  #ruled(
    rules: readonly Frozen<NamedRuleWithOperations>[],
    matchPolicy: string | undefined,
    attributes: AdmissionAttributes,
  ): ResourceDefinition | undefined {
    const named = rules.filter(({ resourceNames = [] }) => {
      return resourceNames.length === 0 || resourceNames.includes(attributes.name)
    })
    if (named.some((rule) => ruleMatches(rule, attributes))) return attributes.definition
    if (matchPolicy !== 'Equivalent' || named.length === 0) return undefined
    const { operation, subresource, namespace } = attributes
    const others = this.#versions.of(attributes.definition)
    for (const rule of named) {
      const found = others.find((definition) => ruleMatches(rule, { operation, subresource, namespace, definition }))
      if (found) return found
    }
    return undefined
  }
}

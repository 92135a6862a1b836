import type { MatchResources, NamedRuleWithOperations } from '../../../api/generated/types/admissionregistration/v1.ts'
import { selectorOf } from '../../../apimachinery/labels/label-selector.ts'
import type { LabelSet } from '../../../apimachinery/labels/selector.ts'
import type { Frozen } from '../../../apimachinery/meta.ts'
import type { ResourceDefinition } from '../../../apimachinery/resource.ts'
import type { AdmissionAttributes } from '../types.ts'
import { coversResource, ruleMatches } from '../webhooks/rules.ts'
import { type Namespaces, objectMatches } from '../webhooks/selectors.ts'
import type { OtherVersions } from '../webhooks/versions.ts'

/** What a policy or a binding is for, its selectors read. */
export interface Match {
  readonly resources: Frozen<MatchResources>
  readonly namespaces: LabelSet
  readonly objects: LabelSet
}

export function matchOf(resources: Frozen<MatchResources>): Match {
  const { namespaceSelector = {}, objectSelector = {} } = resources
  return { resources, namespaces: selectorOf(namespaceSelector), objects: selectorOf(objectSelector) }
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
  async match(match: Match, attributes: AdmissionAttributes): Promise<ResourceDefinition | undefined> {
    const { resources, namespaces, objects } = match
    if (!objectMatches(objects, attributes)) return undefined
    const { resourceRules = [], excludeResourceRules = [], matchPolicy } = resources
    if (this.#ruled(excludeResourceRules, matchPolicy, attributes)) return undefined
    const all = resourceRules.length === 0
    const definition = all ? attributes.definition : this.#ruled(resourceRules, matchPolicy, attributes)
    return definition && (await this.#namespaces.match(namespaces, attributes)) ? definition : undefined
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

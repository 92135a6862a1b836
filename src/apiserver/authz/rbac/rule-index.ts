import type { PolicyRule } from '../../../api/generated/types/rbac/v1.ts'
import type { Frozen } from '../../../apimachinery/meta.ts'
import type { AuthorizationAttributes } from '../types.ts'

type Rules = readonly Frozen<PolicyRule>[]

const NONE: Rules = []
/** So few are as quickly looked at as found. */
const FEW = 4
/** Where rules of paths are kept: no resource is called so. */
const PATHS = '/'

/** The rules of a role by what they are about, so that a decision looks at few of many. Made with the first question; a role never changes. */
export class RuleIndex {
  readonly #all: Rules
  #byResource: Map<string, Frozen<PolicyRule>[]> | undefined

  constructor(rules: Rules) {
    this.#all = rules
  }

  /** Whatever may allow the request: all rules that could, and as few others as is cheap. */
  *candidates({ resourceRequest, resource, subresource }: AuthorizationAttributes): Iterable<Frozen<PolicyRule>> {
    if (this.#all.length <= FEW) return yield* this.#all
    const byResource = (this.#byResource ??= this.#indexed())
    if (!resourceRequest) return yield* byResource.get(PATHS) ?? NONE
    yield* byResource.get(subresource ? `${resource}/${subresource}` : resource) ?? NONE
    yield* byResource.get('*') ?? NONE
    if (subresource) yield* byResource.get(`*/${subresource}`) ?? NONE
  }

  #indexed(): Map<string, Frozen<PolicyRule>[]> {
    const byResource = new Map<string, Frozen<PolicyRule>[]>()
    byResource.set(
      PATHS,
      this.#all.filter(({ nonResourceURLs }) => (nonResourceURLs ?? []).length > 0),
    )
    for (const rule of this.#all) {
      for (const resource of new Set(rule.resources ?? [])) {
        const same = byResource.get(resource)
        if (same) same.push(rule)
        else byResource.set(resource, [rule])
      }
    }
    return byResource
  }
}

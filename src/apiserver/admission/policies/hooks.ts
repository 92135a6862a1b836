import type { Frozen } from '../../../apimachinery/meta.ts'
import type { Mirror } from '../../mirror/mirror.ts'
import type { ResourceTable } from '../../resource-table.ts'
import type { AdmissionSources } from '../sources.ts'
import type { AdmissionAttributes } from '../types.ts'
import { Namespaces } from '../webhooks/selectors.ts'
import { OtherVersions } from '../webhooks/versions.ts'
import { type Match, Matching, matchOf } from './matching.ts'
import { Params } from './params.ts'
import type { Binding, Policy } from './types.ts'

/** A policy that is bound, compiled, with its bindings. */
export interface PolicyHook<P extends Policy, B extends Binding, E> {
  readonly policy: Frozen<P>
  readonly match: Match
  readonly bindings: readonly BoundHook<B>[]
  readonly evaluator: E
}

/** A binding; without a match it is for all that the policy is for. */
export interface BoundHook<B extends Binding> {
  readonly binding: Frozen<B>
  readonly match: Match | undefined
}

/**
 * The policies of one kind that have bindings, in the order of their names. Made anew after a change, but a policy is
 * compiled once for each of its versions; which ones a resource concerns is found out once.
 */
export class PolicyHooks<P extends Policy, B extends Binding, E> {
  readonly namespaces: Namespaces
  readonly matching: Matching
  readonly params: Params
  readonly #policies: Mirror<P>
  readonly #bindings: Mirror<B>
  readonly #compile: (policy: Frozen<P>) => E
  readonly #versions = new OtherVersions()
  readonly #compiled = new Map<string, { readonly policy: Frozen<P>; readonly evaluator: E }>()
  readonly #byResource = new Map<string, readonly PolicyHook<P, B, E>[]>()
  #hooks: readonly PolicyHook<P, B, E>[] = []
  #generation = ''
  #resources: ResourceTable | undefined

  constructor(sources: AdmissionSources, policies: Mirror<P>, bindings: Mirror<B>, compile: (policy: Frozen<P>) => E) {
    this.#policies = policies
    this.#bindings = bindings
    this.#compile = compile
    this.namespaces = new Namespaces(sources.mirrors)
    this.matching = new Matching(this.namespaces, this.#versions)
    this.params = new Params(sources.mirrors)
  }

  /** Tells what is served. */
  look(resources: ResourceTable): void {
    this.#resources = resources
    this.#versions.look(resources)
    this.params.look(resources)
  }

  /** The policies that may be for a request. */
  candidates(attributes: AdmissionAttributes): readonly PolicyHook<P, B, E>[] {
    this.#refresh()
    if (this.#hooks.length === 0) return this.#hooks
    const { group, version, plural } = attributes.definition
    const key = `${group}/${version}/${plural}/${attributes.subresource}`
    let found = this.#byResource.get(key)
    if (!found) {
      found = isExcluded(group, plural)
        ? []
        : this.#hooks.filter(({ match }) => this.matching.mayMatch(match, attributes))
      this.#byResource.set(key, found)
    }
    return found
  }

  #refresh(): void {
    if (this.#policies.generation === 0) return
    const generation = `${this.#policies.generation} ${this.#bindings.generation} ${this.#resources?.generation ?? 0}`
    if (generation === this.#generation) return
    this.#generation = generation
    this.#byResource.clear()
    this.#hooks = [...this.#made()]
  }

  *#made(): Iterable<PolicyHook<P, B, E>> {
    const bound = Map.groupBy(this.#bindings.all(), ({ spec }) => spec?.policyName ?? '')
    const unseen = new Set(this.#compiled.keys())
    for (const policy of [...this.#policies.all()].toSorted(byName)) {
      const name = policy.metadata.name ?? ''
      const bindings = bound.get(name)
      const constraints = policy.spec?.matchConstraints
      if (!bindings || !constraints) continue
      unseen.delete(name)
      yield {
        policy,
        match: matchOf(constraints),
        bindings: bindings.toSorted(byName).map((binding) => boundHook(binding)),
        evaluator: this.#evaluator(name, policy),
      }
    }
    for (const name of unseen) this.#compiled.delete(name)
  }

  #evaluator(name: string, policy: Frozen<P>): E {
    const known = this.#compiled.get(name)
    if (known?.policy === policy) return known.evaluator
    const evaluator = this.#compile(policy)
    this.#compiled.set(name, { policy, evaluator })
    return evaluator
  }
}

function boundHook<B extends Binding>(binding: Frozen<B>): BoundHook<B> {
  const resources = binding.spec?.matchResources
  return { binding, match: resources && matchOf(resources) }
}

function byName(a: Frozen<Policy | Binding>, b: Frozen<Policy | Binding>): number {
  return (a.metadata.name ?? '') < (b.metadata.name ?? '') ? -1 : 1
}

/** What could lock everyone out, and what is only asked. */
const EXCLUDED: Readonly<Record<string, ReadonlySet<string>>> = {
  'admissionregistration.k8s.io': new Set([
    'mutatingadmissionpolicies',
    'mutatingadmissionpolicybindings',
    'validatingadmissionpolicies',
    'validatingadmissionpolicybindings',
  ]),
  'authentication.k8s.io': new Set(['selfsubjectreviews', 'tokenreviews']),
  'authorization.k8s.io': new Set([
    'localsubjectaccessreviews',
    'selfsubjectaccessreviews',
    'selfsubjectrulesreviews',
    'subjectaccessreviews',
  ]),
}

function isExcluded(group: string, plural: string): boolean {
  return EXCLUDED[group]?.has(plural) ?? false
}

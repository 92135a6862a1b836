import { mutatingAdmissionPolicies } from '../../../api/admissionregistration/v1/mutatingadmissionpolicy.ts'
import { mutatingAdmissionPolicyBindings } from '../../../api/admissionregistration/v1/mutatingadmissionpolicybinding.ts'
import type {
  MutatingAdmissionPolicy,
  MutatingAdmissionPolicyBinding,
} from '../../../api/generated/types/admissionregistration/v1.ts'
import type { Namespace } from '../../../api/generated/types/core/v1.ts'
import { semanticEqual } from '../../../apimachinery/equality.ts'
import type { Frozen, KubeObject } from '../../../apimachinery/meta.ts'
import type { ResourceDefinition } from '../../../apimachinery/resource.ts'
import { StatusError } from '../../../apimachinery/status.ts'
import { requestVariables } from '../expressions/activation.ts'
import { withAuthorizer } from '../expressions/authorize.ts'
import { OutOfBudget } from '../expressions/evaluate.ts'
import { whenConverted } from '../../registry/conversions.ts'
import type { CheckError } from '../metrics.ts'
import type { AdmissionSources } from '../sources.ts'
import type { AdmissionAttributes, AdmissionPlugin, SecondRound } from '../types.ts'
import { shown } from '../webhooks/review.ts'
import { type Denial, mutationRefusal } from './denial.ts'
import { type BoundHook, type PolicyHook, PolicyHooks } from './hooks.ts'
import { MutationError, Mutator } from './mutator.ts'
import { ConfigurationError } from './params.ts'
import { mutateDraft } from './mutate-draft.ts'
import { failsOpen } from './types.ts'
import { namespaceOf, type World } from './world.ts'

type Hook = PolicyHook<MutatingAdmissionPolicy, MutatingAdmissionPolicyBinding, Mutator>
type Bound = BoundHook<MutatingAdmissionPolicyBinding>
type Hooks = PolicyHooks<MutatingAdmissionPolicy, MutatingAdmissionPolicyBinding, Mutator>

/** Changes objects as MutatingAdmissionPolicies and their bindings say. */
export function mutatingAdmissionPolicy(sources: AdmissionSources): AdmissionPlugin {
  const { mirrors } = sources
  const policies = mirrors.of(mutatingAdmissionPolicies)
  const bindings = mirrors.of(mutatingAdmissionPolicyBindings)
  const hooks: Hooks = new PolicyHooks(sources, policies, bindings, (policy) => new Mutator(policy))
  return {
    name: 'MutatingAdmissionPolicy',
    handles: (operation) => operation !== 'DELETE',
    initialize: (resources) => hooks.look(resources),
    mutate(attributes) {
      const candidates = hooks.candidates(attributes)
      if (candidates.length === 0) return undefined
      return new Rounds(sources, hooks, candidates, attributes).first()
    },
  }
}

/** A policy, one of its bindings and one of that's parameters. */
interface Invocation {
  readonly hook: Hook
  readonly binding: Frozen<MutatingAdmissionPolicyBinding>
  readonly params: Frozen<KubeObject> | undefined
  readonly definition: ResourceDefinition
  readonly key: string
}

/**
 * The rounds of one request. In a second one those policies are asked again that want it (reinvocationPolicy:
 * IfNeeded), if the object was changed after they were.
 */
class Rounds {
  readonly #sources: AdmissionSources
  readonly #hooks: Hooks
  readonly #candidates: readonly Hook[]
  readonly #attributes: AdmissionAttributes
  /** Asked before, and to be asked again once the object changes. */
  readonly #waiting = new Set<string>()
  readonly #due = new Set<string>()
  readonly #denials: Denial[] = []
  #left: unknown

  constructor(sources: AdmissionSources, hooks: Hooks, candidates: readonly Hook[], attributes: AdmissionAttributes) {
    this.#sources = sources
    this.#hooks = hooks
    this.#candidates = candidates
    this.#attributes = attributes
  }

  async first(): Promise<SecondRound> {
    const needed = await this.#round(() => true)
    if (this.#waiting.size > 0) this.#left = this.#object()
    return { needed, run: () => this.#second() }
  }

  async #second(): Promise<void> {
    if (this.#waiting.size > 0 && !semanticEqual(this.#left, this.#object())) this.#allDue()
    if (this.#due.size > 0) await this.#round((key) => this.#due.has(key))
  }

  /** Whether anything was mutated. Throws the refusal. */
  async #round(wanted: (key: string) => boolean): Promise<boolean> {
    const invocations: Invocation[] = []
    for (const hook of this.#candidates) invocations.push(...(await this.#invocations(hook)))
    let mutated = false
    if (invocations.length > 0) {
      const namespace = await namespaceOf(this.#hooks.namespaces, this.#attributes)
      for (const invocation of invocations) {
        if (await this.#invoke(invocation, namespace, wanted)) mutated = true
      }
    }
    if (mutated) this.#allDue()
    if (this.#denials.length > 0) throw mutationRefusal(this.#attributes, this.#denials)
    return mutated
  }

  async #invocations(hook: Hook): Promise<readonly Invocation[]> {
    const { policy, bindings } = hook
    const definition = await this.#configured(hook, undefined, async () => {
      const matched = await this.#hooks.matching.match(hook.match, this.#attributes)
      if (matched && policy.spec?.paramKind) this.#hooks.params.source(policy.spec.paramKind)
      return matched
    })
    if (!definition) return []
    const found: Invocation[] = []
    for (const bound of bindings) {
      const { binding } = bound
      for (const params of (await this.#params(hook, bound)) ?? []) {
        const names = [policy, binding, params].map((object) => object?.metadata.name ?? '')
        const key = [...names, params?.metadata.namespace ?? ''].join('/')
        found.push({ hook, binding, params, definition, key })
      }
    }
    return found
  }

  #params(hook: Hook, { binding, match }: Bound): Promise<readonly (Frozen<KubeObject> | undefined)[] | undefined> {
    const attributes = this.#attributes
    return this.#configured(hook, binding, async () => {
      if (match && !(await this.#hooks.matching.match(match, attributes))) return undefined
      return this.#hooks.params.collect(hook.policy.spec?.paramKind, binding.spec?.paramRef, attributes.namespace)
    })
  }

  /** Whether a mutation was made, though perhaps to no effect. */
  async #invoke(
    invocation: Invocation,
    namespace: Frozen<Namespace> | undefined,
    wanted: (key: string) => boolean,
  ): Promise<boolean> {
    const { hook, params, definition, key } = invocation
    const attributes = this.#attributes
    const world = (): World => ({ attributes, request: requestVariables(attributes, definition), params, namespace })
    if (!(await this.#matches(invocation, await whenConverted(world))) || !wanted(key)) return false
    const before = this.#object()
    let mutated = false
    for (const mutation of hook.evaluator.mutations) {
      if (!attributes.object) continue
      await this.#guarded(invocation, async () => {
        const now = await whenConverted(world)
        const patch = await withAuthorizer(this.#sources.authorizer, attributes, (ask, pace) =>
          hook.evaluator.evaluate(mutation, now, ask, pace),
        )
        await whenConverted(() => mutateDraft(this.#sources.env, attributes, definition, mutation, patch))
        mutated = true
      })
    }
    if (mutated && !semanticEqual(before, this.#object())) this.#allDue()
    if (hook.policy.spec?.reinvocationPolicy === 'IfNeeded') this.#waiting.add(key)
    return mutated
  }

  async #matches({ hook, binding }: Invocation, world: World): Promise<boolean> {
    const { matches, problem } = await withAuthorizer(this.#sources.authorizer, world.attributes, (ask, pace) =>
      hook.evaluator.matches(world, ask, pace),
    )
    if (problem === undefined) return matches
    this.#deny(hook, binding, problem, 'Invalid')
    return false
  }

  async #guarded({ hook, binding }: Invocation, work: () => Promise<void>): Promise<void> {
    const { env, counts } = this.#sources
    const start = env.clock.monotonic()
    const note = (error: CheckError): void => {
      const seconds = (env.clock.monotonic() - start) / 1000
      counts.policies.mutated(hook.policy.metadata.name ?? '', binding.metadata.name ?? '', error, seconds)
    }
    try {
      await work()
      note('no_error')
    } catch (error) {
      note(error instanceof OutOfBudget ? 'out_of_budget' : 'invalid_error')
      if (!(error instanceof MutationError || error instanceof OutOfBudget)) throw error
      this.#deny(hook, binding, error.message, 'Invalid')
    }
  }

  async #configured<T>(
    hook: Hook,
    binding: Frozen<MutatingAdmissionPolicyBinding> | undefined,
    work: () => Promise<T | undefined>,
  ): Promise<T | undefined> {
    try {
      return await work()
    } catch (error) {
      if (!(error instanceof ConfigurationError || error instanceof StatusError)) throw error
      this.#deny(hook, binding, `failed to configure ${binding ? 'binding' : 'policy'}: ${error.message}`)
      return undefined
    }
  }

  #deny(
    { policy }: Hook,
    binding: Frozen<MutatingAdmissionPolicyBinding> | undefined,
    message: string,
    reason?: string,
  ): void {
    if (failsOpen(policy)) return
    this.#denials.push({ policy: policy.metadata.name ?? '', binding: binding?.metadata.name, message, reason })
  }

  #allDue(): void {
    for (const key of this.#waiting) this.#due.add(key)
    this.#waiting.clear()
  }

  #object(): unknown {
    return shown(this.#attributes.object, this.#attributes, this.#attributes.definition)
  }
}

import { validatingAdmissionPolicies } from '../../../api/admissionregistration/v1/validatingadmissionpolicy.ts'
import { validatingAdmissionPolicyBindings } from '../../../api/admissionregistration/v1/validatingadmissionpolicybinding.ts'
import type { Namespace } from '../../../api/generated/types/core/v1.ts'
import type {
  ValidatingAdmissionPolicy,
  ValidatingAdmissionPolicyBinding,
} from '../../../api/generated/types/admissionregistration/v1.ts'
import { type CelValue, jsonValue } from '../../../apimachinery/cel/index.ts'
import type { Frozen, KubeObject } from '../../../apimachinery/meta.ts'
import type { ResourceDefinition } from '../../../apimachinery/resource.ts'
import { StatusError } from '../../../apimachinery/status.ts'
import { andThen } from '../../../lib/and-then.ts'
import type { MaybePromise } from '../../../store/store.ts'
import { authorizerVariables, lazyRequestVariables } from '../expressions/activation.ts'
import { Asked } from '../expressions/authorize.ts'
import type { Matched } from '../expressions/conditions.ts'
import type { CheckError } from '../metrics.ts'
import type { AdmissionSources } from '../sources.ts'
import type { AdmissionAttributes, AdmissionPlugin } from '../types.ts'
import { Annotations, annotateFailure } from './annotations.ts'
import { type Denial, refusal } from './denial.ts'
import { type BoundHook, type PolicyHook, PolicyHooks } from './hooks.ts'
import { ConfigurationError } from './params.ts'
import { failsOpen } from './types.ts'
import { type Activations, type Outcome, Validator } from './validator.ts'
import { given, namespaceOf } from './world.ts'

type Hook = PolicyHook<ValidatingAdmissionPolicy, ValidatingAdmissionPolicyBinding, Validator>
type Bound = BoundHook<ValidatingAdmissionPolicyBinding>
type Hooks = PolicyHooks<ValidatingAdmissionPolicy, ValidatingAdmissionPolicyBinding, Validator>

/** Holds requests against ValidatingAdmissionPolicies, as their bindings say. */
export function validatingAdmissionPolicy(sources: AdmissionSources): AdmissionPlugin {
  const { mirrors } = sources
  const policies = mirrors.of(validatingAdmissionPolicies)
  const bindings = mirrors.of(validatingAdmissionPolicyBindings)
  const hooks: Hooks = new PolicyHooks(sources, policies, bindings, (policy) => new Validator(policy))
  return {
    name: 'ValidatingAdmissionPolicy',
    handles: () => true,
    initialize: (resources) => hooks.look(resources),
    validate(attributes) {
      const candidates = hooks.candidates(attributes)
      if (candidates.length === 0) return undefined
      return new Dispatch(sources, hooks, attributes).run(candidates)
    },
  }
}

/** One request before all policies. What they see is made when the first of them looks, once. It waits only for what is not at hand. */
class Dispatch {
  readonly #sources: AdmissionSources
  readonly #hooks: Hooks
  readonly #attributes: AdmissionAttributes
  readonly #asked: Asked
  readonly #denials: Denial[] = []
  readonly #seen = new Map<ResourceDefinition, Activations>()
  #authorizer: Record<string, CelValue> | undefined
  /** Since when all that was asked has simply passed: what is counted is timed from here. */
  #since: number
  #namespace: Frozen<Namespace> | undefined

  constructor(sources: AdmissionSources, hooks: Hooks, attributes: AdmissionAttributes) {
    const { authorizer } = sources
    this.#sources = sources
    this.#hooks = hooks
    this.#attributes = attributes
    this.#asked = new Asked(authorizer, attributes)
    this.#since = sources.env.clock.monotonic()
  }

  /** Throws the first refusal, once all were asked. */
  async run(candidates: readonly Hook[]): Promise<void> {
    for (const hook of candidates) {
      const asking = this.#ask(hook)
      if (!asking) continue
      await asking
      this.#since = this.#sources.env.clock.monotonic()
    }
    const [first] = this.#denials
    if (first) throw refusal(this.#attributes, first)
  }

  #ask(hook: Hook): MaybePromise<void> {
    const { policy } = hook
    const matched = this.#configured(hook, undefined, () =>
      andThen(this.#hooks.matching.match(hook.match, this.#attributes), (definition) => {
        if (definition && policy.spec?.paramKind) this.#hooks.params.source(policy.spec.paramKind)
        return definition
      }),
    )
    return andThen(matched, (definition) => definition && this.#askBindings(hook, definition))
  }

  #askBindings(
    hook: Hook,
    definition: ResourceDefinition,
    start = 0,
    annotations = new Annotations(),
  ): MaybePromise<void> {
    for (let index = start; index < hook.bindings.length; index++) {
      const bound = hook.bindings[index]
      const asking = bound && this.#askBound(hook, bound, definition, annotations)
      if (asking) return asking.then(() => this.#askBindings(hook, definition, index + 1, annotations))
    }
    annotations.publish(hook.policy.metadata.name ?? '', this.#attributes)
  }

  #askBound(hook: Hook, bound: Bound, definition: ResourceDefinition, annotations: Annotations): MaybePromise<void> {
    const { binding, match } = bound
    const attributes = this.#attributes
    const params = this.#configured(hook, binding, () =>
      andThen(match === undefined || this.#hooks.matching.match(match, attributes), (matched) => {
        if (!matched) return undefined
        const { paramKind } = hook.policy.spec ?? {}
        return this.#hooks.params.collect(paramKind, binding.spec?.paramRef, attributes.namespace)
      }),
    )
    return andThen(params, (found) => found && this.#validate(hook, binding, definition, found, annotations))
  }

  #validate(
    hook: Hook,
    binding: Frozen<ValidatingAdmissionPolicyBinding>,
    definition: ResourceDefinition,
    params: readonly (Frozen<KubeObject> | undefined)[],
    annotations: Annotations,
  ): MaybePromise<void> {
    return andThen(this.#namespace ?? namespaceOf(this.#hooks.namespaces, this.#attributes), (namespace) => {
      this.#namespace = namespace
      return this.#validateEach(hook, binding, params, 0, annotations, definition)
    })
  }

  #validateEach(
    hook: Hook,
    binding: Frozen<ValidatingAdmissionPolicyBinding>,
    params: readonly (Frozen<KubeObject> | undefined)[],
    start: number,
    annotations: Annotations,
    definition: ResourceDefinition,
  ): MaybePromise<void> {
    for (let index = start; index < params.length; index++) {
      const began = hook.evaluator.isConditional ? this.#sources.env.clock.monotonic() : 0
      const outcome = this.#asked.run((_ask, pace) =>
        hook.evaluator.validate(this.#activations(definition, params[index]), pace),
      )
      if (!(outcome instanceof Promise)) this.#act(hook, binding, outcome, annotations, began)
      else
        return outcome.then((late) => {
          this.#act(hook, binding, late, annotations, began)
          return this.#validateEach(hook, binding, params, index + 1, annotations, definition)
        })
    }
  }

  /** Does as the binding's validationActions say. */
  #act(
    { policy }: Hook,
    binding: Frozen<ValidatingAdmissionPolicyBinding>,
    outcome: Outcome,
    collected: Annotations,
    beganMs: number,
  ): void {
    const { failures, annotations, annotationErrors } = outcome
    const names = { policy: policy.metadata.name ?? '', binding: binding.metadata.name ?? '' }
    if (outcome.conditions) this.#countConditions(names.policy, outcome.conditions, beganMs)
    if (failures.length + annotationErrors.length + (outcome.ignored?.length ?? 0) > 0) {
      this.#count(names, outcome, binding.spec?.validationActions ?? [])
    }
    for (const failure of failures) {
      for (const action of binding.spec?.validationActions ?? []) {
        if (action === 'Deny') this.#denials.push({ ...names, ...failure })
        else if (action === 'Audit') annotateFailure(this.#attributes, binding, failure)
        else {
          const by = `ValidatingAdmissionPolicy '${names.policy}' with binding '${names.binding}'`
          this.#attributes.warn(`Validation failed for ${by}: ${failure.message}`)
        }
      }
    }
    for (const { key, value } of annotations) collected.add(key, value)
    for (const message of annotationErrors) this.#denials.push({ ...names, message })
  }

  /** Those that hold are not timed, as upstream; nothing else is looked at where they do not. */
  #countConditions(name: string, { matches, errors = 0 }: Matched, beganMs: number): void {
    const {
      env,
      counts: { conditions },
    } = this.#sources
    const { operation } = this.#attributes
    const of = { name, kind: 'policy', type: 'validate' } as const
    for (let index = 0; index < errors; index++) conditions.failed(of, operation)
    if (!matches || errors > 0) conditions.evaluated(of, operation, (env.clock.monotonic() - beganMs) / 1000)
  }

  /** Counts what did not simply pass. */
  #count(
    { policy, binding }: { readonly policy: string; readonly binding: string },
    { failures, ignored = [], annotationErrors }: Outcome,
    actions: readonly string[],
  ): void {
    const { env, counts } = this.#sources
    const now = env.clock.monotonic()
    const seconds = (now - this.#since) / 1000
    this.#since = now
    const note = (error: CheckError, action: string): void => {
      counts.policies.validated(policy, binding, { error, action, seconds })
    }
    for (const error of ignored) note(error, 'allow')
    for (const { error } of failures) for (const action of actions) note(error, action.toLowerCase())
    for (const _error of annotationErrors) note('invalid_error', 'deny')
  }

  /** Does what may fail by how things are configured; where failures count that is a denial. */
  #configured<T>(
    hook: Hook,
    binding: Frozen<ValidatingAdmissionPolicyBinding> | undefined,
    work: () => MaybePromise<T | undefined>,
  ): MaybePromise<T | undefined> {
    const failed = (error: unknown): undefined => this.#misconfigured(hook, binding, error)
    try {
      const done = work()
      return done instanceof Promise ? done.catch(failed) : done
    } catch (error) {
      return failed(error)
    }
  }

  #misconfigured(
    { policy }: Hook,
    binding: Frozen<ValidatingAdmissionPolicyBinding> | undefined,
    error: unknown,
  ): undefined {
    if (!(error instanceof ConfigurationError || error instanceof StatusError)) throw error
    if (failsOpen(policy)) return undefined
    const message = `failed to configure ${binding ? 'binding' : 'policy'}: ${error.message}`
    this.#denials.push({ policy: policy.metadata.name ?? '', binding: binding?.metadata.name, message })
    return undefined
  }

  /** What a policy sees; for all policies without parameters the same. */
  #activations(definition: ResourceDefinition, params: Frozen<KubeObject> | undefined): Activations {
    let seen = this.#seen.get(definition)
    if (!seen) {
      const request = lazyRequestVariables(this.#attributes, definition)
      const values = given({ attributes: this.#attributes, request, params: undefined, namespace: this.#namespace })
      this.#authorizer ??= authorizerVariables(this.#asked.ask, this.#attributes)
      seen = { values, asking: { ...values, ...this.#authorizer } }
      this.#seen.set(definition, seen)
    }
    if (!params) return seen
    const own = { params: jsonValue(params) }
    return { values: { ...seen.values, ...own }, asking: { ...seen.asking, ...own } }
  }
}

import { validatingAdmissionPolicies } from '../../../api/admissionregistration/v1/validatingadmissionpolicy.ts'
import { validatingAdmissionPolicyBindings } from '../../../api/admissionregistration/v1/validatingadmissionpolicybinding.ts'
import type {
  ValidatingAdmissionPolicy,
  ValidatingAdmissionPolicyBinding,
} from '../../../api/generated/types/admissionregistration/v1.ts'
import type { CelValue } from '../../../apimachinery/cel/index.ts'
import type { Frozen } from '../../../apimachinery/meta.ts'
import type { ResourceDefinition } from '../../../apimachinery/resource.ts'
import { StatusError } from '../../../apimachinery/status.ts'
import { requestVariables } from '../expressions/activation.ts'
import { withAuthorizer } from '../expressions/authorize.ts'
import type { AdmissionSources } from '../sources.ts'
import type { AdmissionAttributes, AdmissionPlugin } from '../types.ts'
import { Annotations, annotateFailure } from './annotations.ts'
import { type Denial, refusal } from './denial.ts'
import { type BoundHook, type PolicyHook, PolicyHooks } from './hooks.ts'
import { ConfigurationError } from './params.ts'
import { failsOpen } from './types.ts'
import { type Outcome, Validator } from './validator.ts'
import { namespaceOf } from './world.ts'

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

/** One request before all policies. */
class Dispatch {
  readonly #sources: AdmissionSources
  readonly #hooks: Hooks
  readonly #attributes: AdmissionAttributes
  readonly #denials: Denial[] = []
  readonly #requests = new Map<ResourceDefinition, Record<string, CelValue>>()

  constructor(sources: AdmissionSources, hooks: Hooks, attributes: AdmissionAttributes) {
    this.#sources = sources
    this.#hooks = hooks
    this.#attributes = attributes
  }

  /** Throws the first refusal, once all were asked. */
  async run(candidates: readonly Hook[]): Promise<void> {
    for (const hook of candidates) await this.#ask(hook)
    const [first] = this.#denials
    if (first) throw refusal(this.#attributes, first)
  }

  async #ask(hook: Hook): Promise<void> {
    const { policy } = hook
    const definition = await this.#configured(hook, undefined, async () => {
      const matched = await this.#hooks.matching.match(hook.match, this.#attributes)
      if (matched && policy.spec?.paramKind) this.#hooks.params.source(policy.spec.paramKind)
      return matched
    })
    if (!definition) return
    const annotations = new Annotations()
    for (const bound of hook.bindings) await this.#askBound(hook, bound, definition, annotations)
    annotations.publish(policy.metadata.name ?? '', this.#attributes)
  }

  async #askBound(hook: Hook, bound: Bound, definition: ResourceDefinition, annotations: Annotations): Promise<void> {
    const { binding, match } = bound
    const attributes = this.#attributes
    const params = await this.#configured(hook, binding, async () => {
      if (match && !(await this.#hooks.matching.match(match, attributes))) return undefined
      const { paramKind } = hook.policy.spec ?? {}
      return this.#hooks.params.collect(paramKind, binding.spec?.paramRef, attributes.namespace)
    })
    if (!params) return
    const namespace = await namespaceOf(this.#hooks.namespaces, attributes)
    for (const param of params) {
      const world = { attributes, request: this.#request(definition), params: param, namespace }
      const outcome = await withAuthorizer(this.#sources.authorizer, attributes, (ask) =>
        hook.evaluator.validate(world, ask),
      )
      this.#act(hook, binding, outcome, annotations)
    }
  }

  /** Does as the binding's validationActions say. */
  #act(
    { policy }: Hook,
    binding: Frozen<ValidatingAdmissionPolicyBinding>,
    { failures, annotations, annotationErrors }: Outcome,
    collected: Annotations,
  ): void {
    const names = { policy: policy.metadata.name ?? '', binding: binding.metadata.name ?? '' }
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

  /** Does what may fail by how things are configured; where failures count that is a denial. */
  async #configured<T>(
    { policy }: Hook,
    binding: Frozen<ValidatingAdmissionPolicyBinding> | undefined,
    work: () => Promise<T | undefined>,
  ): Promise<T | undefined> {
    try {
      return await work()
    } catch (error) {
      if (!(error instanceof ConfigurationError || error instanceof StatusError)) throw error
      if (failsOpen(policy)) return undefined
      const message = `failed to configure ${binding ? 'binding' : 'policy'}: ${error.message}`
      this.#denials.push({ policy: policy.metadata.name ?? '', binding: binding?.metadata.name, message })
      return undefined
    }
  }

  #request(definition: ResourceDefinition): Record<string, CelValue> {
    let request = this.#requests.get(definition)
    if (!request) {
      request = requestVariables(this.#attributes, definition)
      this.#requests.set(definition, request)
    }
    return request
  }
}

import { mutatingWebhookConfigurations } from '../../../api/admissionregistration/v1/mutatingwebhookconfiguration.ts'
import type { MutatingWebhook } from '../../../api/generated/types/admissionregistration/v1.ts'
import { semanticEqual } from '../../../apimachinery/equality.ts'
import type { Frozen } from '../../../apimachinery/meta.ts'
import { internalError } from '../../../apimachinery/status.ts'
import type { AdmissionSources } from '../sources.ts'
import type { AdmissionAttributes, AdmissionPlugin, SecondRound } from '../types.ts'
import { ask, CallFailed, failsOpen, tooLate } from './ask.ts'
import { Hooks } from './hooks.ts'
import { observed } from './observe.ts'
import { applyPatch } from './patch.ts'
import { shown } from './review.ts'
import { isExempt } from './rules.ts'
import { type Invocation, Selection } from './select.ts'
import type { Hook } from './types.ts'

/** Asks the webhooks of MutatingWebhookConfigurations, one after the other, and changes the object as they say. */
export function mutatingAdmissionWebhook(sources: AdmissionSources): AdmissionPlugin {
  const hooks = new Hooks(sources.mirrors.of(mutatingWebhookConfigurations))
  const selection = new Selection(sources, 'admit')
  return {
    name: 'MutatingAdmissionWebhook',
    handles: () => true,
    initialize: (resources) => selection.versions.look(resources),
    mutate(attributes) {
      const all = hooks.all()
      if (all.length === 0 || isExempt(attributes)) return undefined
      return new Rounds(sources, selection, all, attributes).first()
    },
  }
}

/**
 * The rounds of one request. When the object was changed there is a second one, of all plugins: then those webhooks that ask for it
 * (reinvocationPolicy: IfNeeded) are asked again, if the object is no longer as they left it.
 */
class Rounds {
  readonly #sources: AdmissionSources
  readonly #selection: Selection
  readonly #hooks: readonly Hook[]
  readonly #attributes: AdmissionAttributes
  /** Asked before, and to be asked again once the object changes. */
  readonly #waiting = new Set<string>()
  readonly #due = new Set<string>()
  #changed = false
  #left: unknown

  constructor(
    sources: AdmissionSources,
    selection: Selection,
    hooks: readonly Hook[],
    attributes: AdmissionAttributes,
  ) {
    this.#sources = sources
    this.#selection = selection
    this.#hooks = hooks
    this.#attributes = attributes
  }

  async first(): Promise<SecondRound> {
    await this.#round(0, () => true)
    if (this.#waiting.size > 0) this.#left = this.#object()
    return { needed: this.#changed, run: () => this.#second() }
  }

  async #second(): Promise<void> {
    if (this.#waiting.size > 0 && !semanticEqual(this.#left, this.#object())) this.#allDue()
    if (this.#due.size > 0) await this.#round(1, (hook) => this.#due.has(hook.id))
  }

  async #round(round: number, wanted: (hook: Hook) => boolean): Promise<void> {
    for (const [index, hook] of this.#hooks.entries()) {
      const invocation = await this.#selection.invocation(hook, this.#attributes)
      if (!invocation || !wanted(hook)) continue
      if (await this.#ask(invocation, round, index)) {
        this.#changed = true
        this.#allDue()
      }
      if ((hook.webhook as Frozen<MutatingWebhook>).reinvocationPolicy === 'IfNeeded') this.#waiting.add(hook.id)
    }
  }

  #allDue(): void {
    for (const id of this.#waiting) this.#due.add(id)
    this.#waiting.clear()
  }

  /** Whether the webhook changed the object. */
  async #ask(invocation: Invocation, round: number, index: number): Promise<boolean> {
    const attributes = this.#attributes
    const { hook } = invocation
    const at = `webhook.admission.k8s.io/round_${round}_index_${index}`
    const named = { configuration: hook.configuration, webhook: hook.webhook.name }
    let mutated = false
    try {
      const applied = await observed(this.#sources, hook, 'admit', attributes, async () => {
        const verdict = await ask(this.#sources, invocation, attributes, true)
        return applyPatch(this.#sources.env, invocation, attributes, verdict)
      })
      if (applied) {
        const { operations, changed } = applied
        mutated = changed
        const told = { ...named, patch: operations, patchType: 'JSONPatch' }
        attributes.annotate(`patch.${at}`, JSON.stringify(told), 'Request')
      }
    } catch (error) {
      if (!(error instanceof CallFailed)) throw error
      const annotation = `failed-open.mutation.${at}`
      if (!failsOpen(this.#sources, hook, attributes, error, { annotation, type: 'admit' })) throw internalError(error)
      if (attributes.signal?.aborted) throw tooLate()
    } finally {
      attributes.annotate(`mutation.${at}`, JSON.stringify({ ...named, mutated }))
    }
    return mutated
  }

  #object(): unknown {
    return shown(this.#attributes.object, this.#attributes, this.#attributes.definition)
  }
}

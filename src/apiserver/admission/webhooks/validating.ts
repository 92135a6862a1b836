import { validatingWebhookConfigurations } from '../../../api/admissionregistration/v1/validatingwebhookconfiguration.ts'
import { internalError } from '../../../apimachinery/status.ts'
import type { AdmissionSources } from '../sources.ts'
import type { AdmissionAttributes, AdmissionPlugin } from '../types.ts'
import { ask, CallFailed, failsOpen } from './ask.ts'
import { Hooks } from './hooks.ts'
import { observed } from './observe.ts'
import { isExempt } from './rules.ts'
import { type Invocation, Selection } from './select.ts'
import type { Hook } from './types.ts'

const TYPE = 'validating'

/** Asks the webhooks of ValidatingWebhookConfigurations, all at once; the first refusal in their order counts. */
export function validatingAdmissionWebhook(sources: AdmissionSources): AdmissionPlugin {
  const hooks = new Hooks(sources.mirrors.of(validatingWebhookConfigurations))
  const selection = new Selection(sources, 'validating')
  return {
    name: 'ValidatingAdmissionWebhook',
    handles: () => true,
    initialize: (resources) => selection.versions.look(resources),
    validate(attributes) {
      const all = hooks.all()
      if (all.length === 0 || isExempt(attributes)) return undefined
      return askAll(sources, selection, all, attributes)
    },
  }
}

async function askAll(
  sources: AdmissionSources,
  selection: Selection,
  hooks: readonly Hook[],
  attributes: AdmissionAttributes,
): Promise<void> {
  const invocations: Invocation[] = []
  for (const hook of hooks) {
    const invocation = await selection.invocation(hook, attributes)
    if (invocation) invocations.push(invocation)
  }
  const asked = invocations.map((invocation, index) => askOne(sources, invocation, attributes, index))
  const refusal = (await Promise.allSettled(asked)).find((outcome) => outcome.status === 'rejected')
  if (refusal) throw refusal.reason
}

async function askOne(
  sources: AdmissionSources,
  invocation: Invocation,
  attributes: AdmissionAttributes,
  index: number,
): Promise<void> {
  try {
    await observed(sources, invocation.hook, TYPE, attributes, () => ask(sources, invocation, attributes, false))
  } catch (error) {
    if (!(error instanceof CallFailed)) throw error
    const annotation = `failed-open.validating.webhook.admission.k8s.io/round_0_index_${index}`
    const open = failsOpen(sources, invocation.hook, attributes, error, { annotation, type: TYPE })
    if (!open) throw internalError(error)
  }
}

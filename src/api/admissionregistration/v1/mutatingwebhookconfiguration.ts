import { ageColumn, integer, nameColumn } from '../../columns.ts'
import { defaultMutatingWebhook } from './default.ts'
import type { MutatingWebhookConfiguration } from '../../generated/types/admissionregistration/v1.ts'
import { validateWebhooks } from './webhook-validate.ts'
import { defineResource } from '../../define.ts'

/** Everything the system knows about MutatingWebhookConfiguration. */
export const mutatingWebhookConfigurations = defineResource<MutatingWebhookConfiguration>({
  group: 'admissionregistration.k8s.io',
  version: 'v1',
  kind: 'MutatingWebhookConfiguration',
  plural: 'mutatingwebhookconfigurations',
  categories: ['api-extensions'],
  scope: 'Cluster',
  storagePrefix: '/registry/mutatingwebhookconfigurations',
  schema: 'io.k8s.api.admissionregistration.v1.MutatingWebhookConfiguration',
  hasGeneration: true,
  requireResourceVersionOnUpdate: true,
  defaults({ webhooks }) {
    webhooks?.forEach(defaultMutatingWebhook)
  },
  validate: validateWebhooks,
  columns: [nameColumn, integer('Webhooks', ({ webhooks }) => webhooks?.length), ageColumn],
})

import { ageColumn, integer, nameColumn } from '../../columns.ts'
import { defaultWebhook } from './default.ts'
import type { ValidatingWebhookConfiguration } from '../../generated/types/admissionregistration/v1.ts'
import { validateWebhooks } from './webhook-validate.ts'
import { defineResource } from '../../define.ts'

/** Everything the system knows about ValidatingWebhookConfiguration. */
export const validatingWebhookConfigurations = defineResource<ValidatingWebhookConfiguration>({
  group: 'admissionregistration.k8s.io',
  version: 'v1',
  kind: 'ValidatingWebhookConfiguration',
  plural: 'validatingwebhookconfigurations',
  categories: ['api-extensions'],
  scope: 'Cluster',
  storagePrefix: '/registry/validatingwebhookconfigurations',
  schema: 'io.k8s.api.admissionregistration.v1.ValidatingWebhookConfiguration',
  hasGeneration: true,
  requireResourceVersionOnUpdate: true,
  defaults({ webhooks }) {
    webhooks?.forEach(defaultWebhook)
  },
  validate: validateWebhooks,
  columns: [nameColumn, integer('Webhooks', ({ webhooks }) => webhooks?.length), ageColumn],
})

import type { Frozen } from '../../../apimachinery/meta.ts'
import { ageColumn, nameColumn, text } from '../../columns.ts'
import type { IngressClass } from '../../generated/types/networking/v1.ts'
import { validateIngressClass, validateIngressClassUpdate } from './class-validate.ts'
import { defineResource } from '../../define.ts'

/** Everything the system knows about IngressClass. */
export const ingressClasses = defineResource<IngressClass>({
  group: 'networking.k8s.io',
  version: 'v1',
  kind: 'IngressClass',
  plural: 'ingressclasses',
  scope: 'Cluster',
  storagePrefix: '/registry/ingressclasses',
  schema: 'io.k8s.api.networking.v1.IngressClass',
  hasGeneration: true,
  defaults(ingressClass) {
    const spec = (ingressClass.spec ??= {})
    if (spec.parameters) spec.parameters.scope ??= 'Cluster'
  },
  validateCreate: validateIngressClass,
  validateUpdate: validateIngressClassUpdate,
  columns: [
    { ...nameColumn, value: nameCell },
    text('Controller', ({ spec }) => spec?.controller ?? ''),
    text('Parameters', parametersCell),
    ageColumn,
  ],
})

function nameCell({ metadata }: Frozen<IngressClass>): string {
  const isDefault = metadata.annotations?.['ingressclass.kubernetes.io/is-default-class'] === 'true'
  return `${metadata.name ?? ''}${isDefault ? ' (default)' : ''}`
}

function parametersCell({ spec }: Frozen<IngressClass>): string {
  const parameters = spec?.parameters
  if (!parameters) return '<none>'
  const group = parameters.apiGroup === undefined ? '' : `.${parameters.apiGroup}`
  return `${parameters.kind}${group}/${parameters.name}`
}

import type { Frozen } from '../../../apimachinery/meta.ts'
import { ageColumn, nameColumn, text } from '../../columns.ts'
import type { Ingress } from '../../generated/types/networking/v1.ts'
import { INGRESS_CLASS } from './ingress-class-annotation.ts'
import { validateIngressCreate, validateIngressStatus, validateIngressUpdate } from './ingress-validate.ts'
import { defineResource } from '../../define.ts'

/** Everything the system knows about Ingress. */
export const ingresses = defineResource<Ingress>({
  group: 'networking.k8s.io',
  version: 'v1',
  kind: 'Ingress',
  plural: 'ingresses',
  shortNames: ['ing'],
  scope: 'Namespaced',
  storagePrefix: '/registry/ingress',
  schema: 'io.k8s.api.networking.v1.Ingress',
  status: true,
  hasGeneration: true,
  validateCreate: validateIngressCreate,
  validateUpdate: validateIngressUpdate,
  validateStatusUpdate: validateIngressStatus,
  *warnings({ metadata, spec }, old) {
    const annotated = INGRESS_CLASS in (metadata.annotations ?? {})
    if (!old && annotated && spec?.ingressClassName === undefined) {
      yield `annotation "${INGRESS_CLASS}" is deprecated, please use 'spec.ingressClassName' instead`
    }
  },
  columns: [
    nameColumn,
    text('Class', ({ spec }) => spec?.ingressClassName ?? '<none>'),
    text('Hosts', hostsCell),
    text('Address', addressCell),
    text('Ports', ({ spec }) => ((spec?.tls ?? []).length > 0 ? '80, 443' : '80')),
    ageColumn,
  ],
})

function hostsCell({ spec }: Frozen<Ingress>): string {
  const rules = spec?.rules ?? []
  const hosts: string[] = []
  for (const { host } of rules) {
    if (hosts.length === 3) return `${hosts.join(',')} + ${rules.length - 3} more...`
    if (host) hosts.push(host)
  }
  return hosts.join(',') || '*'
}

function addressCell({ status }: Frozen<Ingress>): string {
  const addresses = (status?.loadBalancer?.ingress ?? []).map(({ ip, hostname }) => ip || hostname || '')
  return [...new Set(addresses.filter(Boolean))].sort().join(',')
}

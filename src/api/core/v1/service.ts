import type { Frozen } from '../../../apimachinery/meta.ts'
import { nameIsDnsLabel } from '../../../apimachinery/validation/names.ts'
import { ageColumn, labelsCell, nameColumn, text, wide } from '../../columns.ts'
import { defineResource } from '../../define.ts'
import type { Service } from '../../generated/types/core/v1.ts'
import { defaultService } from './service-default.ts'
import { validateService, validateServiceStatus, validateServiceUpdate } from './service-validate.ts'
import { serviceWarnings } from './service-warnings.ts'
import { dropFieldsOfOldType } from './service-type.ts'

/** Everything the system knows about Service. Cluster IPs and node ports are given by the API server. */
export const services = defineResource<Service>({
  group: '',
  version: 'v1',
  kind: 'Service',
  plural: 'services',
  shortNames: ['svc'],
  categories: ['all'],
  scope: 'Namespaced',
  storagePrefix: '/registry/services/specs',
  schema: 'io.k8s.api.core.v1.Service',
  returnsDeletedObject: true,
  status: true,
  subresources: [{ name: 'proxy', verbs: ['create', 'delete', 'get', 'patch', 'update'], kind: 'ServiceProxyOptions' }],
  allowCreateOnUpdate: true,
  validateName: nameIsDnsLabel,
  defaults: defaultService,
  prepareForCreate: dropInternalPolicy,
  prepareForUpdate(service, old, { subresource }) {
    if (subresource === '') dropFieldsOfOldType(service, old)
    dropInternalPolicy(service)
  },
  validateCreate: (service) => validateService(service),
  validateUpdate: validateServiceUpdate,
  validateStatusUpdate: validateServiceStatus,
  warnings: serviceWarnings,
  selectableFields: {
    'spec.clusterIP': ({ spec }) => spec?.clusterIP ?? '',
    'spec.type': ({ spec }) => spec?.type ?? '',
  },
  columns: [
    nameColumn,
    text('Type', ({ spec }) => spec?.type ?? ''),
    text('Cluster-IP', ({ spec }) => spec?.clusterIPs?.[0] ?? '<none>'),
    text('External-IP', externalIpCell),
    text('Port(s)', portsCell),
    ageColumn,
    wide(text('Selector', ({ spec }) => labelsCell(spec?.selector))),
  ],
})

/** A name has no endpoints to choose from: upstream serves it without. What is not a policy at all is left for validation. */
function dropInternalPolicy({ spec }: Service): void {
  const policy = spec.internalTrafficPolicy
  if (spec.type === 'ExternalName' && (policy === 'Cluster' || policy === 'Local')) delete spec.internalTrafficPolicy
}

function externalIpCell({ spec, status }: Frozen<Service>): string {
  const external = spec?.externalIPs ?? []
  switch (spec?.type) {
    case 'ClusterIP':
    case 'NodePort':
      return external.join(',') || '<none>'
    case 'LoadBalancer': {
      const ingress = (status?.loadBalancer?.ingress ?? []).map(({ ip, hostname }) => ip || hostname || '')
      const balancers = [...new Set(ingress.filter(Boolean))].sort()
      return [...balancers, ...external].join(',') || '<pending>'
    }
    case 'ExternalName':
      return spec.externalName ?? ''
    default:
      return '<unknown>'
  }
}

function portsCell({ spec }: Frozen<Service>): string {
  const ports = (spec?.ports ?? []).map(({ port, nodePort, protocol }) =>
    nodePort ? `${port}:${nodePort}/${protocol}` : `${port}/${protocol}`,
  )
  return ports.join(',') || '<none>'
}

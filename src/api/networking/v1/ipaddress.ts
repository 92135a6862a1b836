import type { Frozen } from '../../../apimachinery/meta.ts'
import { nameColumn, text } from '../../columns.ts'
import type { IPAddress } from '../../generated/types/networking/v1.ts'
import { isAddressName, validateIpAddress, validateIpAddressUpdate } from './address-validate.ts'
import { defineResource } from '../../define.ts'

/** Everything the system knows about IPAddress. */
export const ipAddresses = defineResource<IPAddress>({
  group: 'networking.k8s.io',
  version: 'v1',
  kind: 'IPAddress',
  plural: 'ipaddresses',
  shortNames: ['ip'],
  scope: 'Cluster',
  storagePrefix: '/registry/ipaddresses',
  schema: 'io.k8s.api.networking.v1.IPAddress',
  validateName: isAddressName,
  validate: validateIpAddress,
  validateUpdate: validateIpAddressUpdate,
  columns: [nameColumn, text('ParentRef', parentCell)],
})

function parentCell({ spec }: Frozen<IPAddress>): string {
  const parent = spec?.parentRef
  if (!parent) return '<none>'
  const resource = parent.group ? `${parent.resource}.${parent.group}` : (parent.resource ?? '')
  const namespace = parent.namespace ? `/${parent.namespace}` : ''
  return `${resource.toLowerCase()}${namespace}/${parent.name ?? ''}`
}

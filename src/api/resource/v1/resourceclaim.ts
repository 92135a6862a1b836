import type { Frozen } from '../../../apimachinery/meta.ts'
import { defaultClaimDevices } from './claim-default.ts'
import { ageColumn, nameColumn, text } from '../../columns.ts'
import type { ResourceClaim } from '../../generated/types/resource/v1.ts'
import { validateClaim, validateClaimUpdate } from './claim-validate.ts'
import { validateClaimStatus } from './claim-status-validate.ts'
import { defineResource } from '../../define.ts'

/** Everything the system knows about ResourceClaim. */
export const resourceClaims = defineResource<ResourceClaim>({
  group: 'resource.k8s.io',
  version: 'v1',
  kind: 'ResourceClaim',
  plural: 'resourceclaims',
  scope: 'Namespaced',
  storagePrefix: '/registry/resourceclaims',
  schema: 'io.k8s.api.resource.v1.ResourceClaim',
  returnsDeletedObject: true,
  status: true,
  statusResets: ['metadata'],
  defaults(claim) {
    claim.spec ??= {}
    defaultClaimDevices(claim.spec)
  },
  prepareForUpdate(claim, old, { subresource }) {
    if (subresource === 'status') dropDeallocatedDevices(claim, old)
  },
  validateCreate: validateClaim,
  validateUpdate: validateClaimUpdate,
  validateStatusUpdate: validateClaimStatus,
  columns: [nameColumn, text('State', stateCell), ageColumn],
})

function stateCell({ metadata, status }: Frozen<ResourceClaim>): string {
  const states: string[] = []
  if (metadata.deletionTimestamp) states.push('deleted')
  if (status?.allocation) {
    states.push('allocated')
    if ((status.reservedFor ?? []).length > 0) states.push('reserved')
  } else if (!metadata.deletionTimestamp) states.push('pending')
  return states.join(',')
}

interface DeviceId {
  readonly driver: string
  readonly pool: string
  readonly device: string
  readonly shareID?: string
}

const idOf = ({ driver, pool, device, shareID = '' }: DeviceId): string => [driver, pool, device, shareID].join('/')

/** What drivers reported of a device goes when the device is no longer allocated to the claim. */
function dropDeallocatedDevices({ status }: ResourceClaim, { status: old }: Frozen<ResourceClaim>): void {
  if (!status?.devices) return
  const gone = new Set((old?.allocation?.devices?.results ?? []).map(idOf))
  for (const result of status.allocation?.devices?.results ?? []) gone.delete(idOf(result))
  status.devices = status.devices.filter((device) => !gone.has(idOf(device)))
  if (status.devices.length === 0) delete status.devices
}

import { semanticEqual } from '../../../apimachinery/equality.ts'
import { ageColumn, flag, nameColumn, text } from '../../columns.ts'
import type { CSIDriver } from '../../generated/types/storage/v1.ts'
import { validateDriver, validateDriverUpdate } from './csi-validate.ts'
import { defineResource } from '../../define.ts'

/** Everything the system knows about CSIDriver. */
export const csiDrivers = defineResource<CSIDriver>({
  group: 'storage.k8s.io',
  version: 'v1',
  kind: 'CSIDriver',
  plural: 'csidrivers',
  scope: 'Cluster',
  storagePrefix: '/registry/csidrivers',
  schema: 'io.k8s.api.storage.v1.CSIDriver',
  returnsDeletedObject: true,
  requireResourceVersionOnUpdate: true,
  defaults: defaultDriver,
  prepareForCreate({ spec }) {
    delete spec.preventPodSchedulingIfMissing
  },
  prepareForUpdate({ spec }, old) {
    if (old.spec.preventPodSchedulingIfMissing === undefined) delete spec.preventPodSchedulingIfMissing
  },
  *warnings({ spec }, old) {
    const requests = spec.tokenRequests ?? []
    if (requests.length === 0 || spec.serviceAccountTokenInSecrets !== undefined) return
    if (old && semanticEqual(old.spec.tokenRequests, requests)) return
    yield 'spec.serviceAccountTokenInSecrets is unset; if supported by this CSI driver, set to true to prevent possible logging of tokens in volume attributes'
  },
  validate: validateDriver,
  validateUpdate: validateDriverUpdate,
  columns: [
    nameColumn,
    flag('AttachRequired', ({ spec }) => spec.attachRequired ?? true),
    flag('PodInfoOnMount', ({ spec }) => spec.podInfoOnMount),
    flag('StorageCapacity', ({ spec }) => spec.storageCapacity),
    text('TokenRequests', ({ spec }) => spec.tokenRequests?.map(({ audience }) => audience).join(',') ?? '<unset>'),
    flag('RequiresRepublish', ({ spec }) => spec.requiresRepublish),
    text('Modes', ({ spec }) => (spec.volumeLifecycleModes ?? []).join(',') || '<none>'),
    ageColumn,
  ],
})

function defaultDriver(driver: CSIDriver): void {
  const spec = (driver.spec ??= {})
  spec.attachRequired ??= true
  spec.podInfoOnMount ??= false
  spec.storageCapacity ??= false
  spec.fsGroupPolicy ??= 'ReadWriteOnceWithFSType'
  spec.requiresRepublish ??= false
  spec.seLinuxMount ??= false
  if ((spec.volumeLifecycleModes ?? []).length === 0) spec.volumeLifecycleModes = ['Persistent']
}

import type { PersistentVolumeClaim } from '../../../api/generated/types/core/v1.ts'
import { compareAmounts } from '../../../api/core/v1/resource-list.ts'
import { storageClasses } from '../../../api/storage/v1/storageclass.ts'
import type { Frozen } from '../../../apimachinery/meta.ts'
import { admissionForbidden, resourceName } from '../forbidden.ts'
import type { AdmissionSources } from '../sources.ts'
import type { AdmissionPlugin } from '../types.ts'

/** A claim grows only when its class allows it (upstream's PersistentVolumeClaimResize). */
export function persistentVolumeClaimResize({ mirrors }: AdmissionSources): AdmissionPlugin {
  const mirror = mirrors.of(storageClasses)
  return {
    name: 'PersistentVolumeClaimResize',
    handles: (operation) => operation === 'UPDATE',
    validate(attributes) {
      if (resourceName(attributes) !== 'persistentvolumeclaims' || attributes.subresource !== '') return
      const now = attributes.object as PersistentVolumeClaim
      const before = attributes.oldObject as Frozen<PersistentVolumeClaim>
      if (compareAmounts(sizeOf(now), sizeOf(before)) <= 0) return
      if (before.status?.phase !== 'Bound')
        throw admissionForbidden(attributes, 'Only bound persistent volume claims can be expanded')
      const name = now.spec.storageClassName
      const allowed = name && name === before.spec.storageClassName && mirror.get(name)?.allowVolumeExpansion
      if (!allowed) {
        const why =
          'only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize'
        throw admissionForbidden(attributes, why)
      }
    },
  }
}

function sizeOf({ spec }: Frozen<PersistentVolumeClaim>): string | number {
  return spec.resources?.requests?.['storage'] ?? '0'
}

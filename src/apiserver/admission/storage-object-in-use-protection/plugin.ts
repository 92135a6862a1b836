import { resourceName } from '../forbidden.ts'
import type { AdmissionPlugin } from '../types.ts'

const FINALIZERS: Readonly<Record<string, string>> = {
  persistentvolumes: 'kubernetes.io/pv-protection',
  persistentvolumeclaims: 'kubernetes.io/pvc-protection',
  'volumeattributesclasses.storage.k8s.io': 'kubernetes.io/vac-protection',
}

/** Volumes, claims and their classes go only when nobody uses them (upstream's StorageObjectInUseProtection); controllers take the finalizers off. */
export const storageObjectInUseProtection: AdmissionPlugin = {
  name: 'StorageObjectInUseProtection',
  handles: (operation) => operation === 'CREATE',
  mutate(attributes) {
    const { object, subresource } = attributes
    const finalizer = FINALIZERS[resourceName(attributes)]
    if (!object || !finalizer || subresource !== '' || object.metadata.finalizers?.includes(finalizer)) return
    ;(object.metadata.finalizers ??= []).push(finalizer)
  },
}

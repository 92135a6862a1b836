import type { PersistentVolumeClaim } from '../../../api/generated/types/core/v1.ts'
import { storageClasses } from '../../../api/storage/v1/storageclass.ts'
import { resourceName } from '../forbidden.ts'
import { newest } from '../newest.ts'
import type { AdmissionSources } from '../sources.ts'
import type { AdmissionPlugin } from '../types.ts'

const IS_DEFAULT = ['storageclass.kubernetes.io/is-default-class', 'storageclass.beta.kubernetes.io/is-default-class']
const LEGACY_CLASS = 'volume.beta.kubernetes.io/storage-class'

/** A claim that names no class gets the default one (upstream's DefaultStorageClass). */
export function defaultStorageClass({ mirrors }: AdmissionSources): AdmissionPlugin {
  const mirror = mirrors.of(storageClasses)
  return {
    name: 'DefaultStorageClass',
    handles: (operation) => operation === 'CREATE',
    mutate(attributes) {
      if (resourceName(attributes) !== 'persistentvolumeclaims' || attributes.subresource !== '') return
      const claim = attributes.object as PersistentVolumeClaim
      const named =
        claim.spec.storageClassName !== undefined || claim.metadata.annotations?.[LEGACY_CLASS] !== undefined
      if (named) return
      const defaults = [...mirror.all()].filter(({ metadata }) =>
        IS_DEFAULT.some((key) => metadata.annotations?.[key] === 'true'),
      )
      const name = newest(defaults)?.metadata.name
      if (name !== undefined) claim.spec.storageClassName = name
    },
  }
}

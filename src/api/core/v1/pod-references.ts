import type { Container, PersistentVolume, Pod, Volume } from '../../generated/types/core/v1.ts'
import type { Frozen } from '../../../apimachinery/meta.ts'

/** Kinds of objects that a pod needs its node to read. */
export type ReferenceKind = 'secrets' | 'configmaps' | 'persistentvolumeclaims' | 'serviceaccounts' | 'resourceclaims'

/** `resource namespace/name`. */
export type Reference = `${ReferenceKind} ${string}`

/** Set on pods that a kubelet mirrors from a file: they give it nothing to read. */
const MIRROR_ANNOTATION = 'kubernetes.io/config.mirror'

/** Everything of its namespace that the pod names (upstream's VisitPodSecretNames and its like). */
export function podReferences(pod: Frozen<Pod>): Set<Reference> {
  const { spec, metadata, status } = pod
  const found = new Set<Reference>()
  if (metadata.annotations?.[MIRROR_ANNOTATION] !== undefined) return found
  const add = (kind: ReferenceKind, name: string | undefined): void => {
    if (name) found.add(`${kind} ${metadata.namespace}/${name}`)
  }
  add('serviceaccounts', spec.serviceAccountName)
  for (const { name } of spec.imagePullSecrets ?? []) add('secrets', name)
  const containers = [...(spec.initContainers ?? []), ...spec.containers, ...(spec.ephemeralContainers ?? [])]
  for (const container of containers) addEnvironment(container as Frozen<Container>, add)
  for (const volume of spec.volumes ?? []) addVolume(volume, metadata.name ?? '', add)
  const made = new Map((status?.resourceClaimStatuses ?? []).map((claim) => [claim.name, claim.resourceClaimName]))
  for (const { name, resourceClaimName, resourceClaimTemplateName } of spec.resourceClaims ?? [])
    add('resourceclaims', resourceClaimName ?? (resourceClaimTemplateName === undefined ? undefined : made.get(name)))
  add('resourceclaims', status?.extendedResourceClaimStatus?.resourceClaimName)
  return found
}

type Add = (kind: ReferenceKind, name: string | undefined) => void

function addEnvironment({ env, envFrom }: Frozen<Container>, add: Add): void {
  for (const source of envFrom ?? []) {
    add('configmaps', source.configMapRef?.name)
    add('secrets', source.secretRef?.name)
  }
  for (const { valueFrom } of env ?? []) {
    add('configmaps', valueFrom?.configMapKeyRef?.name)
    add('secrets', valueFrom?.secretKeyRef?.name)
  }
}

function addVolume(volume: Frozen<Volume>, pod: string, add: Add): void {
  add('secrets', volume.secret?.secretName)
  add('configmaps', volume.configMap?.name)
  add('persistentvolumeclaims', volume.persistentVolumeClaim?.claimName)
  if (volume.ephemeral) add('persistentvolumeclaims', `${pod}-${volume.name}`)
  for (const source of volume.projected?.sources ?? []) {
    add('secrets', source.secret?.name)
    add('configmaps', source.configMap?.name)
  }
  const drivers = [
    volume.csi?.nodePublishSecretRef,
    volume.cephfs?.secretRef,
    volume.flexVolume?.secretRef,
    volume.iscsi?.secretRef,
    volume.rbd?.secretRef,
    volume.scaleIO?.secretRef,
    volume.storageos?.secretRef,
  ]
  for (const reference of drivers) add('secrets', reference?.name)
  add('secrets', volume.azureFile?.secretName)
}

/** Secrets that whoever mounts the volume reads, as `namespace/name` (upstream's VisitPVSecretNames). */
export function volumeSecrets({ spec }: Frozen<PersistentVolume>): string[] {
  const own = spec?.claimRef?.namespace ?? ''
  const { azureFile, cephfs, cinder, csi, flexVolume, iscsi, rbd, scaleIO, storageos } = spec ?? {}
  const references: readonly (Frozen<{ name?: string; namespace?: string }> | undefined)[] = [
    azureFile && {
      name: azureFile.secretName,
      ...(azureFile.secretNamespace && { namespace: azureFile.secretNamespace }),
    },
    ...[cephfs, flexVolume, rbd, scaleIO, iscsi, cinder, storageos].map((source) => source?.secretRef),
    csi?.nodePublishSecretRef,
    csi?.nodeStageSecretRef,
    csi?.nodeExpandSecretRef,
  ]
  return references.flatMap((reference) => (reference?.name ? [`${reference.namespace || own}/${reference.name}`] : []))
}

import type { Pod, Volume } from '../../../api/generated/types/core/v1.ts'
import { podReferences } from '../../../api/core/v1/pod-references.ts'

/** Volumes that need nothing of the API. */
const PLAIN: readonly (keyof Volume)[] = [
  'awsElasticBlockStore',
  'azureDisk',
  'cephfs',
  'cinder',
  'downwardAPI',
  'emptyDir',
  'fc',
  'flexVolume',
  'flocker',
  'gcePersistentDisk',
  'gitRepo',
  'hostPath',
  'image',
  'iscsi',
  'nfs',
  'photonPersistentDisk',
  'portworxVolume',
  'quobyte',
  'rbd',
  'scaleIO',
  'storageos',
  'vsphereVolume',
]

/** What a volume of some source reads. */
const READING: readonly (readonly [keyof Volume, string])[] = [
  ['configMap', 'configmaps (via configmap volumes)'],
  ['secret', 'secrets (via secret volumes)'],
  ['csi', 'csidrivers (via CSI volumes)'],
  ['glusterfs', 'endpoints (via glusterFS volumes)'],
  ['persistentVolumeClaim', 'persistentvolumeclaims'],
  ['ephemeral', 'persistentvolumeclaims (via ephemeral volumes)'],
  ['azureFile', 'secrets (via azureFile volumes)'],
]

const PROJECTED = [
  ['configMap', 'configmaps (via projected volumes)'],
  ['secret', 'secrets (via projected volumes)'],
  ['serviceAccountToken', 'serviceaccounts (via projected volumes)'],
  ['clusterTrustBundle', 'clustertrustbundles'],
  ['podCertificate', 'podcertificates'],
] as const

/**
 * What of the API a pod reads, the first of it, in upstream's words (HasAPIObjectReference): a node could make itself a pod to be let read
 * anything that it names. Throws for volumes that are not known.
 */
export function readByPod(pod: Pod): string | undefined {
  if (pod.spec.serviceAccountName) return 'serviceaccounts'
  const named = podReferences({ ...pod, metadata: { namespace: pod.metadata.namespace ?? '' } })
  const kinds = new Set([...named].map((reference) => reference.split(' ')[0]))
  for (const kind of ['secrets', 'configmaps']) if (kinds.has(kind)) return kind
  if ((pod.spec.resourceClaims ?? []).length > 0) return 'resourceclaims'
  for (const volume of pod.spec.volumes ?? []) {
    const read = readByVolume(volume)
    if (read) return read
  }
  return undefined
}

function readByVolume(volume: Volume): string | undefined {
  if (PLAIN.some((source) => volume[source])) return undefined
  const reading = READING.find(([source]) => volume[source])
  if (reading) return reading[1]
  if (!volume.projected) throw new Error(`unknown volume type for volume ${JSON.stringify(volume.name)}`)
  for (const source of volume.projected.sources ?? []) {
    const projected = PROJECTED.find(([field]) => source[field])
    if (projected) return projected[1]
    if (!source.downwardAPI) throw new Error(`unknown source for projected volume ${JSON.stringify(volume.name)}`)
  }
  return undefined
}

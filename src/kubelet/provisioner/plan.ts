import type { Node, PersistentVolume, PersistentVolumeClaim } from '../../api/generated/types/core/v1.ts'
import type { StorageClass } from '../../api/generated/types/storage/v1.ts'
import { classOf, PROVISIONED_BY } from '../../api/core/v1/volume-matching.ts'
import type { Frozen } from '../../apimachinery/meta.ts'

type Claim = Frozen<PersistentVolumeClaim>
type Volume = Frozen<PersistentVolume>

/** What classes name whose volumes are made here; bootstrap's class `standard` does. */
export const PROVISIONER = 'skiff.dev/local'
/** The node that has a volume's folder: its agent alone may remove it. */
export const NODE_ANNOTATION = 'skiff.dev/node'
/** Keeps a volume until its folder is gone; the name that external provisioners share. */
export const FINALIZER = 'external-provisioner.volume.kubernetes.io/finalizer'
const HOSTNAME = 'kubernetes.io/hostname'
const ACCESS_MODES: readonly string[] = ['ReadWriteOnce', 'ReadWriteOncePod']
const PROVISIONER_ANNOTATIONS = [
  'volume.kubernetes.io/storage-provisioner',
  'volume.beta.kubernetes.io/storage-provisioner',
]

/** Whether a volume is asked of this provisioner for the claim, and none is there yet. */
export function isAsked({ metadata, spec }: Claim): boolean {
  if (spec.volumeName || metadata.deletionTimestamp) return false
  const named = PROVISIONER_ANNOTATIONS.map((key) => metadata.annotations?.[key]).find((name) => name !== undefined)
  return named === PROVISIONER
}

/** As all external provisioners name it: one claim never gets two. */
export const volumeNameOf = ({ metadata }: Claim): string => `pvc-${metadata.uid ?? ''}`

/** Why there can be no volume for this claim; undefined when there can. */
export function whyNot(claim: Claim, storageClass: Frozen<StorageClass>): string | undefined {
  const { spec } = claim
  if (spec.volumeMode === 'Block') return `${PROVISIONER} does not support block volume provisioning`
  const reason = whyNotClass(storageClass) ?? whyNotSpec(spec)
  if (reason === undefined) return undefined
  return `failed to provision volume with StorageClass ${JSON.stringify(classOf(claim))}: ${reason}`
}

function whyNotClass({ parameters = {}, mountOptions = [] }: Frozen<StorageClass>): string | undefined {
  const [unknown] = Object.keys(parameters)
  if (unknown !== undefined) return `invalid parameter ${JSON.stringify(unknown)}: ${PROVISIONER} has none`
  return mountOptions.length > 0 ? `${PROVISIONER} does not support mount options` : undefined
}

function whyNotSpec(spec: Claim['spec']): string | undefined {
  const mode = spec.accessModes?.find((one) => !ACCESS_MODES.includes(one))
  if (mode !== undefined) return `access mode ${mode} is not supported, only ${ACCESS_MODES.join(' and ')}`
  if (spec.selector) return 'claim.Spec.Selector is not supported'
  if (spec.dataSource ?? spec.dataSourceRef) return 'volumes with a data source are not supported'
  return spec.volumeAttributesClassName ? 'volume attributes are not supported' : undefined
}

export interface VolumeOptions {
  readonly storageClass: Frozen<StorageClass>
  readonly node: Frozen<Node>
  /** On the node. */
  readonly path: string
}

/** The volume for a claim: a folder of one node, and the claim's alone. */
export function volumeFor(claim: Claim, { storageClass, node, path }: VolumeOptions): PersistentVolume {
  const { namespace = '', name = '', uid = '', resourceVersion = '' } = claim.metadata
  const { reclaimPolicy = 'Delete' } = storageClass
  const nodeName = node.metadata.name ?? ''
  const hostname = node.metadata.labels?.[HOSTNAME] ?? nodeName
  return {
    metadata: {
      name: volumeNameOf(claim),
      annotations: { [PROVISIONED_BY]: PROVISIONER, [NODE_ANNOTATION]: nodeName },
      // What is to stay waits for nobody.
      ...(reclaimPolicy === 'Delete' && { finalizers: [FINALIZER] }),
    },
    spec: {
      accessModes: [...(claim.spec.accessModes ?? [])],
      capacity: { storage: claim.spec.resources?.requests?.['storage'] ?? '0' },
      claimRef: { apiVersion: 'v1', kind: 'PersistentVolumeClaim', namespace, name, uid, resourceVersion },
      local: { path },
      nodeAffinity: {
        required: {
          nodeSelectorTerms: [{ matchExpressions: [{ key: HOSTNAME, operator: 'In', values: [hostname] }] }],
        },
      },
      persistentVolumeReclaimPolicy: reclaimPolicy,
      storageClassName: classOf(claim),
      volumeMode: 'Filesystem',
    },
  }
}

/** Of a volume that was made here: the node that has its folder. */
export function nodeOf({ metadata }: Volume): string | undefined {
  return metadata.annotations?.[PROVISIONED_BY] === PROVISIONER ? metadata.annotations[NODE_ANNOTATION] : undefined
}

/** Whether the folder is to go: its claim has gone, or the volume is deleted and nobody has it. */
export function isToRemove({ metadata, spec, status }: Volume): boolean {
  if (spec.persistentVolumeReclaimPolicy !== 'Delete') return false
  if (!metadata.deletionTimestamp) return status?.phase === 'Released'
  return metadata.finalizers?.includes(FINALIZER) === true && status?.phase !== 'Bound'
}

/** Whether the volume waits for us though its folder is to stay. */
export function isToLetGo({ metadata, spec }: Volume): boolean {
  return spec.persistentVolumeReclaimPolicy !== 'Delete' && metadata.finalizers?.includes(FINALIZER) === true
}

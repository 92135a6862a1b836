import type { PersistentVolume, PersistentVolumeClaim, Pod } from '../../../api/generated/types/core/v1.ts'
import type { ResourceSlice } from '../../../api/generated/types/resource/v1.ts'
import type { VolumeAttachment } from '../../../api/generated/types/storage/v1.ts'
import { persistentVolumeClaims } from '../../../api/core/v1/persistentvolumeclaim.ts'
import { persistentVolumes } from '../../../api/core/v1/persistentvolume.ts'
import { pods } from '../../../api/core/v1/pod.ts'
import { resourceSlices } from '../../../api/resource/v1/resourceslice.ts'
import { volumeAttachments } from '../../../api/storage/v1/volumeattachment.ts'
import type { Env } from '../../../lib/env.ts'
import type { Store } from '../../../store/store.ts'
import { readStored } from '../../mirror/read-stored.ts'
import {
  podReferences,
  type Reference,
  type ReferenceKind,
  volumeSecrets,
} from '../../../api/core/v1/pod-references.ts'

const RETRY_MS = 1000

interface PodRecord {
  readonly node: string
  readonly references: ReadonlySet<Reference>
}

/**
 * What the pods of each node need. A change of a pod is only noted; pods are read when a question is asked, so that a cluster whose
 * nodes ask for nothing pays nothing.
 */
export class NodeGraph {
  readonly #store: Store
  readonly #env: Env
  readonly #prefix = `${pods.storagePrefix}/`
  readonly #changed = new Set<string>()
  readonly #pods = new Map<string, PodRecord>()
  readonly #byNode = new Map<string, Map<Reference, number>>()
  #following: Promise<void> | undefined
  #reading: Promise<void> | undefined
  #stop: (() => void) | undefined
  #stopped = false

  constructor(store: Store, env: Env) {
    this.#store = store
    this.#env = env
  }

  stop(): void {
    this.#stopped = true
    this.#stop?.()
  }

  /** Whether a pod of the node names the object. */
  async hasReference(node: string, kind: ReferenceKind, namespace: string, name: string): Promise<boolean> {
    await this.#catchUp()
    const references = this.#byNode.get(node)
    if (references?.has(`${kind} ${namespace}/${name}`)) return true
    return kind === 'secrets' && this.#volumeNeedsSecret(references, namespace, name)
  }

  async hasPod(node: string, namespace: string, name: string): Promise<boolean> {
    const pod = await readStored<Pod>(this.#store, pods, `${namespace}/${name}`)
    return pod?.spec.nodeName === node
  }

  /** Whether a pod of the node claims the volume. */
  async hasVolume(node: string, name: string): Promise<boolean> {
    const volume = await readStored<PersistentVolume>(this.#store, persistentVolumes, name)
    const { namespace = '', name: claim = '' } = volume?.spec?.claimRef ?? {}
    return claim !== '' && this.hasReference(node, 'persistentvolumeclaims', namespace, claim)
  }

  async hasAttachment(node: string, name: string): Promise<boolean> {
    const attachment = await readStored<VolumeAttachment>(this.#store, volumeAttachments, name)
    return attachment?.spec.nodeName === node
  }

  async hasSlice(node: string, name: string): Promise<boolean> {
    const slice = await readStored<ResourceSlice>(this.#store, resourceSlices, name)
    return slice?.spec.nodeName === node
  }

  /** Volumes that the node's pods claim may name secrets of their own. */
  async #volumeNeedsSecret(
    references: ReadonlyMap<Reference, number> | undefined,
    namespace: string,
    name: string,
  ): Promise<boolean> {
    for (const reference of references?.keys() ?? []) {
      const [kind, key = ''] = reference.split(' ')
      if (kind !== 'persistentvolumeclaims') continue
      const claim = await readStored<PersistentVolumeClaim>(this.#store, persistentVolumeClaims, key)
      const volumeName = claim?.spec?.volumeName
      const volume = volumeName && (await readStored<PersistentVolume>(this.#store, persistentVolumes, volumeName))
      // Any claim may name any volume; what counts is which claim the volume names.
      const { namespace: claimNamespace, name: claimName } = (volume && volume.spec?.claimRef) || {}
      if (!volume || `${claimNamespace}/${claimName}` !== key) continue
      if (volumeSecrets(volume).includes(`${namespace}/${name}`)) return true
    }
    return false
  }

  /** A question that comes while pods are read for another one waits for them too. */
  async #catchUp(): Promise<void> {
    await (this.#following ??= this.#follow())
    while (this.#reading || this.#changed.size > 0) {
      this.#reading ??= this.#readChanged().finally(() => (this.#reading = undefined))
      await this.#reading
    }
  }

  async #readChanged(): Promise<void> {
    for (const key of this.#changed) {
      // Noted anew when it changes while it is read.
      this.#changed.delete(key)
      this.#set(key, await readStored<Pod>(this.#store, pods, key))
    }
  }

  async #follow(): Promise<void> {
    const { entries, revision } = await this.#store.range(this.#prefix)
    for (const key of this.#pods.keys()) this.#changed.add(key)
    for (const { key } of entries) this.#changed.add(key.slice(this.#prefix.length))
    if (this.#stopped) return
    this.#stop = this.#store.watch(this.#prefix, revision, {
      onEvents: (events) => {
        for (const { key } of events) this.#changed.add(key.slice(this.#prefix.length))
      },
      onError: (err) => {
        this.#env.log.warn('the node authorizer lost its watch of pods and reads them again', { err })
        this.#env.clock.setTimer(() => (this.#following = undefined), RETRY_MS)
      },
    })
  }

  #set(key: string, pod: Awaited<ReturnType<typeof readStored<Pod>>>): void {
    this.#count(this.#pods.get(key), -1)
    this.#pods.delete(key)
    const node = pod?.spec.nodeName
    if (!pod || !node) return
    const record = { node, references: podReferences(pod) }
    this.#pods.set(key, record)
    this.#count(record, 1)
  }

  #count(record: PodRecord | undefined, by: 1 | -1): void {
    if (!record) return
    const counts = this.#byNode.get(record.node) ?? new Map<Reference, number>()
    for (const reference of record.references) {
      const count = (counts.get(reference) ?? 0) + by
      if (count > 0) counts.set(reference, count)
      else counts.delete(reference)
    }
    if (counts.size > 0) this.#byNode.set(record.node, counts)
    else this.#byNode.delete(record.node)
  }
}

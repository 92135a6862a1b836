import type { Frozen } from '../../apimachinery/meta.ts'
import type { Volume, VolumeProjection } from '../../api/generated/types/core/v1.ts'
import type { MountedVolume } from '../container/mounts.ts'
import type { ReferencedObjects } from '../objects/objects.ts'
import type { Pod } from '../pod/spec.ts'
import { VolumeError } from '../volumes/mounter.ts'
import type { PodVolumes } from '../volumes/pod-volumes.ts'

/** Volumes that hold nothing. What they refer to has to exist all the same, so that a pod waits for what is missing. */
export class SimulatedVolumes implements PodVolumes {
  readonly #objects: ReferencedObjects
  /** Pods whose references have been found: they are not looked for again. */
  readonly #found = new Set<string>()

  constructor(objects: ReferencedObjects) {
    this.#objects = objects
  }

  async mount(pod: Pod): Promise<ReadonlyMap<string, MountedVolume>> {
    const volumes = pod.spec.volumes ?? []
    const { uid = '' } = pod.metadata
    if (!this.#found.has(uid)) for (const volume of volumes) await this.#check(pod, volume)
    if (volumes.length > 0) this.#found.add(uid)
    return new Map(volumes.map(({ name }) => [name, { name, hostPath: `/${name}`, readOnly: false }]))
  }

  pathOf(): Promise<string> {
    return Promise.resolve('')
  }

  unmount(uid: string): Promise<void> {
    this.#found.delete(uid)
    return Promise.resolve()
  }

  known(): Promise<readonly string[]> {
    return Promise.resolve([])
  }

  async #check(pod: Pod, { name, configMap, secret, projected, persistentVolumeClaim }: Frozen<Volume>): Promise<void> {
    try {
      await this.#exists(pod, 'configmap', configMap)
      await this.#exists(pod, 'secret', secret && { name: secret.secretName ?? '', optional: secret.optional ?? false })
      for (const source of projected?.sources ?? []) await this.#checkSource(pod, source)
      if (persistentVolumeClaim) await this.#bound(pod, persistentVolumeClaim.claimName)
    } catch (error) {
      throw new VolumeError(name, error)
    }
  }

  async #checkSource(pod: Pod, { configMap, secret }: Frozen<VolumeProjection>): Promise<void> {
    await this.#exists(pod, 'configmap', configMap)
    await this.#exists(pod, 'secret', secret)
  }

  async #exists(
    { metadata: { namespace = '' } }: Pod,
    kind: 'configmap' | 'secret',
    ref: { readonly name?: string; readonly optional?: boolean } | undefined,
  ): Promise<void> {
    if (!ref || ref.optional === true) return
    const { name = '' } = ref
    const found =
      kind === 'configmap'
        ? await this.#objects.configMap(namespace, name)
        : await this.#objects.secret(namespace, name)
    if (!found) throw new Error(`${kind} ${JSON.stringify(name)} not found`)
  }

  async #bound({ metadata: { namespace = '' } }: Pod, name: string): Promise<void> {
    const claim = await this.#objects.claim(namespace, name)
    if (!claim)
      throw new Error(`failed to fetch PVC from API server: persistentvolumeclaims ${JSON.stringify(name)} not found`)
    if (claim.status?.phase !== 'Bound') throw new Error('PVC is not bound')
  }
}

import type { Frozen } from '../../apimachinery/meta.ts'
import { timestamp } from '../../apimachinery/meta.ts'
import type { ConfigMap, Secret, Volume, VolumeProjection } from '../../api/generated/types/core/v1.ts'
import { quantityValue } from '../../apimachinery/quantity/text.ts'
import type { Env } from '../../lib/env.ts'
import type { PodAddresses } from '../container/fields.ts'
import type { MountedVolume, PlannedMount } from '../container/mounts.ts'
import type { Host } from '../host/host.ts'
import { isFileError } from '../host/files.ts'
import type { ReferencedObjects } from '../objects/objects.ts'
import { podAmounts, type Resources } from '../pod/resources.ts'
import { uidOf, type Pod } from '../pod/spec.ts'
import { sameFiles, writeAtomically } from './atomic-writer.ts'
import { claimedPath } from './claims.ts'
import { downwardFiles, keyFiles, tokenFile, type VolumeFiles } from './files.ts'
import { checkHostPath } from './host-path.ts'
import { giveToGroup } from './ownership.ts'
import type { PodVolumes } from './pod-volumes.ts'
import type { Tokens } from './tokens.ts'

export interface VolumeMounterOptions {
  readonly host: Host
  readonly env: Env
  /** The node agent's folder, `/var/lib/kubelet`. */
  readonly root: string
  readonly objects: ReferencedObjects
  readonly tokens: Tokens
  readonly allocatable: () => Resources
}

type PodVolume = Frozen<Volume>

const DEFAULT_MODE = 0o644

/** Volumes as folders and mounts below the node agent's own. What may not touch the disk is kept on one tmpfs that all pods share. */
export class VolumeMounter implements PodVolumes {
  readonly #options: VolumeMounterOptions
  /** What was last written, by `uid/volume`. */
  readonly #written = new Map<string, VolumeFiles>()
  /** What was made ready once and stays so, by `uid/volume`. */
  readonly #ready = new Map<string, MountedVolume>()
  #memory: Promise<void> | undefined
  #version = 0

  constructor(options: VolumeMounterOptions) {
    this.#options = options
  }

  async mount(pod: Pod, addresses: PodAddresses): Promise<ReadonlyMap<string, MountedVolume>> {
    const volumes = pod.spec.volumes ?? []
    const results = await Promise.allSettled(volumes.map((volume) => this.#mountOne(pod, volume, addresses)))
    const mounted = new Map<string, MountedVolume>()
    for (const [i, result] of results.entries()) {
      const name = volumes[i]?.name ?? ''
      if (result.status === 'fulfilled') mounted.set(name, result.value)
      else throw new VolumeError(name, result.reason)
    }
    return mounted
  }

  async pathOf(pod: Pod, containerName: string, index: number, { volume, subPath }: PlannedMount): Promise<string> {
    if (subPath === '') return volume.hostPath
    const target = `${this.#podDir(uidOf(pod))}/volume-subpaths/${volume.name}/${containerName}/${index}`
    await this.#options.host.mounts.bindSubPath(volume.hostPath, subPath, target)
    return target
  }

  async unmount(uid: string): Promise<void> {
    const { files, mounts } = this.#options.host
    for (const map of [this.#written, this.#ready])
      for (const key of map.keys()) if (key.startsWith(`${uid}/`)) map.delete(key)
    this.#options.tokens.forget(uid)
    await mounts.unmountTree(this.#podDir(uid))
    await Promise.all([files.remove(this.#podDir(uid)), files.remove(`${this.#memoryDir()}/${uid}`)])
  }

  async known(): Promise<readonly string[]> {
    const entries = await this.#options.host.files.readdir(`${this.#options.root}/pods`).catch((error: unknown) => {
      if (isFileError(error, 'ENOENT')) return []
      throw error
    })
    return entries.map(({ name }) => name)
  }

  async #mountOne(pod: Pod, volume: PodVolume, addresses: PodAddresses): Promise<MountedVolume> {
    const { configMap, secret, downwardAPI, projected, name } = volume
    if (configMap ?? secret ?? downwardAPI ?? projected)
      return { name, hostPath: await this.#content(pod, volume, addresses), readOnly: true }
    const key = `${uidOf(pod)}/${name}`
    const ready = this.#ready.get(key) ?? (await this.#lasting(pod, volume))
    this.#ready.set(key, ready)
    return ready
  }

  /** A volume that is made ready once and has no content of the API's. */
  async #lasting(pod: Pod, volume: PodVolume): Promise<MountedVolume> {
    const { files } = this.#options.host
    const { name } = volume
    if (volume.emptyDir) return { name, hostPath: await this.#emptyDir(pod, volume), readOnly: false }
    if (volume.hostPath) {
      await checkHostPath(files, volume.hostPath)
      return { name, hostPath: volume.hostPath.path, readOnly: false }
    }
    if (volume.image) {
      const { reference = '' } = volume.image
      return { name, hostPath: '', readOnly: true, image: { image: reference, userSpecifiedImage: reference } }
    }
    if (volume.persistentVolumeClaim ?? volume.ephemeral) {
      return this.#claimed(pod, volume)
    }
    throw new Error(`no volume plugin matched name: ${name}`)
  }

  async #claimed(pod: Pod, volume: PodVolume): Promise<MountedVolume> {
    const { files, mounts } = this.#options.host
    const { path, type, readOnly, local, isDevice, fsType } = await claimedPath(pod, volume, this.#options.objects)
    const { name } = volume
    await checkHostPath(files, { path, type })
    if (isDevice) return { name, hostPath: path, readOnly, isDevice }
    const stat = local ? await files.stat(path) : undefined
    if (local && !stat) throw new Error(`path ${JSON.stringify(path)} does not exist`)
    let hostPath = path
    if (stat?.kind === 'blockDevice') {
      hostPath = `${this.#podDir(uidOf(pod))}/volumes/kubernetes.io~local-volume/${name}`
      await files.mkdir(hostPath, 0o750)
      await mounts.device(path, hostPath, fsType)
    }
    await this.#give(pod, hostPath, local)
    return { name, hostPath, readOnly }
  }

  async #emptyDir(pod: Pod, { name, emptyDir }: PodVolume): Promise<string> {
    const { files, mounts } = this.#options.host
    const dir = `${this.#podDir(uidOf(pod))}/volumes/kubernetes.io~empty-dir/${name}`
    const fresh = (await files.stat(dir)) === undefined
    const { medium = '', sizeLimit } = emptyDir ?? {}
    await files.mkdir(dir, 0o777)
    if (medium === 'Memory')
      await mounts.tmpfs(dir, memorySize(pod, sizeLimit === undefined ? undefined : String(sizeLimit)))
    else if (medium.startsWith('HugePages'))
      await mounts.tmpfs(dir, { hugePageSize: medium.replace(/^HugePages-?/, '') })
    if (fresh) {
      await files.chmod(dir, medium === 'Memory' ? 0o1777 : 0o777)
      await this.#give(pod, dir, true)
    }
    return dir
  }

  async #give(pod: Pod, dir: string, supported: boolean): Promise<void> {
    const { fsGroup, fsGroupChangePolicy } = pod.spec.securityContext ?? {}
    if (fsGroup === undefined || !supported) return
    await giveToGroup(this.#options.host.files, dir, fsGroup, fsGroupChangePolicy === 'OnRootMismatch')
  }

  /** A volume whose files come from the API: written when they aren't what was last written. */
  async #content(pod: Pod, volume: PodVolume, addresses: PodAddresses): Promise<string> {
    const uid = uidOf(pod)
    const secret = volume.secret !== undefined || volume.projected !== undefined
    const kind = volume.secret
      ? 'secret'
      : volume.projected
        ? 'projected'
        : volume.configMap
          ? 'configmap'
          : 'downward-api'
    const dir = secret
      ? `${this.#memoryDir()}/${uid}/${volume.name}`
      : `${this.#podDir(uid)}/volumes/kubernetes.io~${kind}/${volume.name}`
    const content = await this.#contentOf(pod, volume, addresses)
    const key = `${uid}/${volume.name}`
    if (sameFiles(this.#written.get(key), content)) return dir
    if (secret) await this.#mountMemory()
    const { files } = this.#options.host
    const fsGroup = pod.spec.securityContext?.fsGroup
    await files.mkdir(dir, 0o777)
    await writeAtomically(files, dir, content, {
      version: this.#nextVersion(),
      ...(fsGroup !== undefined && { fsGroup }),
    })
    this.#written.set(key, content)
    // Kept so that what is on the tmpfs is found again when this pod is cleaned up after a restart.
    if (secret) await files.mkdir(this.#podDir(uid), 0o750)
    return dir
  }

  async #contentOf(pod: Pod, volume: PodVolume, addresses: PodAddresses): Promise<VolumeFiles> {
    const downward = { ...addresses, allocatable: this.#options.allocatable() }
    const { configMap, secret, downwardAPI, projected } = volume
    if (configMap) return this.#keys(pod, 'configmap', configMap.name, configMap, configMap.defaultMode)
    if (secret) return this.#keys(pod, 'secret', secret.secretName, secret, secret.defaultMode)
    if (downwardAPI)
      return downwardFiles(pod, downwardAPI.items ?? [], downwardAPI.defaultMode ?? DEFAULT_MODE, downward)
    if (!projected) throw new Error(`no volume plugin matched name: ${volume.name}`)
    const files: VolumeFiles = new Map()
    for (const source of projected.sources ?? []) {
      const more = await this.#projected(pod, source, projected.defaultMode ?? DEFAULT_MODE, downward)
      for (const [path, file] of more) files.set(path, file)
    }
    return files
  }

  async #projected(
    pod: Pod,
    { configMap, secret, downwardAPI, serviceAccountToken }: Frozen<VolumeProjection>,
    mode: number,
    downward: PodAddresses & { readonly allocatable: Resources },
  ): Promise<VolumeFiles> {
    if (configMap) return this.#keys(pod, 'configmap', configMap.name, configMap, mode)
    if (secret) return this.#keys(pod, 'secret', secret.name, secret, mode)
    if (downwardAPI) return downwardFiles(pod, downwardAPI.items ?? [], mode, downward)
    if (serviceAccountToken)
      return tokenFile(serviceAccountToken, await this.#options.tokens.get(pod, serviceAccountToken), mode, pod)
    throw new Error('projected volume source is not supported by this node')
  }

  async #keys(
    pod: Pod,
    kind: 'configmap' | 'secret',
    name = '',
    { items, optional = false }: Pick<NonNullable<PodVolume['configMap']>, 'items' | 'optional'>,
    mode = DEFAULT_MODE,
  ): Promise<VolumeFiles> {
    const { objects } = this.#options
    const { namespace = '' } = pod.metadata
    const found: Frozen<ConfigMap | Secret> | undefined =
      kind === 'configmap' ? await objects.configMap(namespace, name) : await objects.secret(namespace, name)
    if (!found && !optional) throw new Error(`${kind} ${JSON.stringify(name)} not found`)
    return found ? keyFiles(kind, found, items, mode, optional) : new Map()
  }

  /** One tmpfs for all volumes that may not touch the disk: a mount for each would cost a process for each. */
  #mountMemory(): Promise<void> {
    const { files, mounts } = this.#options.host
    this.#memory ??= files
      .mkdir(this.#memoryDir(), 0o755)
      .then(() => mounts.tmpfs(this.#memoryDir(), {}))
      .catch((error: unknown) => {
        this.#memory = undefined
        throw error
      })
    return this.#memory
  }

  #nextVersion(): string {
    return `${timestamp(this.#options.env.clock.now()).replaceAll(/[-:TZ]/g, '_')}${++this.#version}`
  }

  #podDir(uid: string): string {
    return `${this.#options.root}/pods/${uid}`
  }

  #memoryDir(): string {
    return `${this.#options.root}/memory`
  }
}

/** A volume that could not be made ready. */
export class VolumeError extends Error {
  readonly volume: string

  constructor(volume: string, cause: unknown) {
    const why = cause instanceof Error ? cause.message : String(cause)
    super(`MountVolume.SetUp failed for volume ${JSON.stringify(volume)} : ${why}`)
    this.name = 'VolumeError'
    this.volume = volume
  }
}

/** A memory volume is as large as its limit, or the pod's memory limit, whichever is less. */
function memorySize(pod: Pod, sizeLimit: string | undefined): { readonly sizeBytes?: number } {
  const podLimit = (podAmounts(pod, 'limits').get('memory') ?? 0) / 1000
  const own = quantityValue(sizeLimit)
  const sizes = [podLimit, own].filter((bytes) => bytes > 0)
  return sizes.length > 0 ? { sizeBytes: Math.min(...sizes) } : {}
}

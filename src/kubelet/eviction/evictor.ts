import type { PodCondition } from '../../api/generated/types/core/v1.ts'
import { timestamp } from '../../apimachinery/meta.ts'
import { logDirectoryOf } from '../container/config.ts'
import { podCgroupPath } from '../container/resources.ts'
import type { PodMeans } from '../pod/means.ts'
import { uidOf, type Pod } from '../pod/spec.ts'
import type { PodWorkers } from '../pod/workers.ts'
import {
  diskVolumes,
  evictionMessage,
  firstToEvict,
  isStorageLimited,
  shortages,
  storageExcess,
  type NodeSignals,
  type Shortage,
  type StorageUse,
} from './plan.ts'

/** What the node is short of, as its conditions tell. */
export interface Pressure {
  readonly memory: boolean
  readonly disk: boolean
  readonly pid: boolean
}

/** A pressure is told until it has been gone for so long, so that the node doesn't swing (upstream's evictionPressureTransitionPeriod). */
const TRANSITION_MS = 5 * 60_000

/** Looks at what the node is running out of, and ends pods before the kernel does. */
export class Evictor {
  readonly #means: PodMeans
  readonly #workers: PodWorkers
  readonly #lastSeen = new Map<'memory' | 'disk', number>()

  constructor(means: PodMeans, workers: PodWorkers) {
    this.#means = means
    this.#workers = workers
  }

  /** One look. Evicts one pod at most, so that the next look sees what that has brought. Resolves to the pressure to tell. */
  async look(): Promise<Pressure> {
    const short = shortages(await this.#signals())
    const now = this.#means.env.clock.now()
    for (const { resource } of short) this.#lastSeen.set(resource === 'memory' ? 'memory' : 'disk', now)
    const [first] = short
    if (first) await this.#relieve(first)
    await this.#checkStorage()
    const pressed = (what: 'memory' | 'disk'): boolean => now - (this.#lastSeen.get(what) ?? -Infinity) < TRANSITION_MS
    return { memory: pressed('memory'), disk: pressed('disk'), pid: false }
  }

  async #signals(): Promise<NodeSignals> {
    const { host, config } = this.#means
    const [memory, disk] = await Promise.all([host.machine.memory(), host.files.statfs(config.rootDir)])
    return {
      memoryAvailableBytes: memory.availableBytes,
      memoryCapacityBytes: host.machine.memoryBytes,
      diskAvailableBytes: disk.availableBytes,
      diskCapacityBytes: disk.capacityBytes,
      inodesFree: disk.inodesFree,
      inodes: disk.inodes,
    }
  }

  async #relieve(shortage: Shortage): Promise<void> {
    const pods = this.#workers.pods()
    const usage = new Map<string, number>()
    await Promise.all(pods.map(async (pod) => void usage.set(uidOf(pod), await this.#usageOf(pod, shortage))))
    const pod = firstToEvict(pods, shortage, (p) => usage.get(uidOf(p)) ?? 0)
    if (!pod) return
    // Containers are not told apart by the pod's cgroup: the pod's use is said of its first.
    const used = new Map([[pod.spec.containers[0]?.name ?? '', usage.get(uidOf(pod)) ?? 0]])
    this.#evict(pod, evictionMessage(pod, shortage, used), true)
  }

  async #usageOf(pod: Pod, { resource }: Shortage): Promise<number> {
    const { host, config } = this.#means
    if (resource === 'memory')
      return (await host.cgroups.usage(podCgroupPath(pod, config.podsCgroup)))?.memoryWorkingSetBytes ?? 0
    const { bytes, inodes } = await host.files.usage(`${config.rootDir}/pods/${uidOf(pod)}`)
    return resource === 'inodes' ? inodes : bytes
  }

  /** Ends the pods that hold more on the disk than they may. */
  async #checkStorage(): Promise<void> {
    const limited = this.#workers.pods().filter(isStorageLimited)
    if (limited.length === 0) return
    const written = await this.#writtenLayers()
    for (const pod of limited) {
      const message = storageExcess(pod, await this.#storageOf(pod, written))
      if (message !== undefined) this.#evict(pod, message)
    }
  }

  /** What containers have written to their file systems, by id. */
  async #writtenLayers(): Promise<ReadonlyMap<string, number>> {
    const all = await this.#means.runtime.listContainerStats()
    return new Map(
      all.map(({ attributes, writableLayer }) => [attributes?.id ?? '', writableLayer?.usedBytes?.value ?? 0]),
    )
  }

  async #storageOf(pod: Pod, written: ReadonlyMap<string, number>): Promise<StorageUse> {
    const { host, config, observed } = this.#means
    const { name = '', namespace = '' } = pod.metadata
    const logs = `${config.podLogsDir}/${logDirectoryOf({ namespace, name, uid: uidOf(pod) })}`
    const volumeDir = `${config.rootDir}/pods/${uidOf(pod)}/volumes/kubernetes.io~empty-dir`
    const volumes = new Map<string, number>()
    for (const volume of diskVolumes(pod))
      volumes.set(volume.name, (await host.files.usage(`${volumeDir}/${volume.name}`)).bytes)
    const containers = new Map<string, number>()
    const running = observed.get(uidOf(pod))?.containers.filter(({ state }) => state === 'running') ?? []
    for (const container of running) {
      const { bytes } = await host.files.usage(`${logs}/${container.name}`)
      containers.set(container.name, bytes + (written.get(container.id) ?? 0))
    }
    return { volumes, containers }
  }

  /** `isDisruption`: the node is why, not the pod. */
  #evict(pod: Pod, message: string, isDisruption = false): void {
    const { events, env } = this.#means
    const worker = this.#workers.worker(uidOf(pod))
    if (!worker || worker.ended) return
    events.event(pod, 'Warning', 'Evicted', message)
    worker.end({
      reason: 'Evicted',
      message,
      graceSeconds: 1,
      ...(isDisruption && { condition: disruption(pod, message, env.clock.now()) }),
    })
  }
}

function disruption({ metadata: { generation } }: Pod, message: string, now: number): PodCondition {
  return {
    type: 'DisruptionTarget',
    ...(generation !== undefined && { observedGeneration: generation }),
    status: 'True',
    lastTransitionTime: timestamp(now),
    reason: 'TerminationByKubelet',
    message,
  }
}

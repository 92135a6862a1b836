import { timestamp } from '../../apimachinery/meta.ts'
import { podCgroupPath } from '../container/resources.ts'
import type * as cri from '../cri/generated/types.ts'
import type { CgroupUsage } from '../host/cgroups.ts'
import { uidOf, type Pod } from '../pod/spec.ts'
import { LABELS } from '../runtime/observed.ts'
import type { ServerContext } from './context.ts'

/** What containers and pods have used: the source of the summary and of metrics. */
export interface UsageSnapshot {
  readonly atMs: number
  readonly pods: readonly PodUsage[]
  readonly node: {
    readonly cpuNanoseconds: number
    readonly workingSetBytes: number
    readonly usageBytes: number
    readonly availableBytes: number
  }
}

export interface PodUsage {
  readonly pod: Pod
  readonly cgroup: CgroupUsage | undefined
  readonly containers: readonly {
    readonly name: string
    readonly startedAtMs: number
    readonly stats: cri.ContainerStats
  }[]
}

/** Asks the runtime and the kernel, now. */
export async function takeUsage({ means, workers, config }: ServerContext): Promise<UsageSnapshot> {
  const { runtime, host, env, observed } = means
  const [all, memory, root] = await Promise.all([
    runtime.listContainerStats(),
    host.machine.memory(),
    host.cgroups.usage(''),
  ])
  const byPod = Map.groupBy(all, ({ attributes }) => attributes?.labels[LABELS.podUid] ?? '')
  const pods = await Promise.all(
    workers.pods().map(async (pod): Promise<PodUsage> => {
      const running = observed.get(uidOf(pod))?.containers.filter(({ state }) => state === 'running') ?? []
      const containers = running.flatMap(({ id, name, startedAtMs }) => {
        const stats = byPod.get(uidOf(pod))?.find(({ attributes }) => attributes?.id === id)
        return stats ? [{ name, startedAtMs, stats }] : []
      })
      return { pod, cgroup: await host.cgroups.usage(podCgroupPath(pod, config.podsCgroup)), containers }
    }),
  )
  return {
    atMs: env.clock.now(),
    pods: pods.filter(({ containers }) => containers.length > 0),
    node: { cpuNanoseconds: root?.cpuNanoseconds ?? 0, ...memory },
  }
}

/** `/stats/summary` (stats.k8s.io/v1alpha1). */
export async function statsSummary(context: ServerContext): Promise<object> {
  const { config, means } = context
  const usage = await takeUsage(context)
  const fs = await means.host.files.statfs(config.rootDir)
  const time = timestamp(usage.atMs)
  return {
    node: {
      nodeName: config.nodeName,
      startTime: time,
      cpu: { time, usageCoreNanoSeconds: usage.node.cpuNanoseconds },
      memory: {
        time,
        availableBytes: usage.node.availableBytes,
        usageBytes: usage.node.usageBytes,
        workingSetBytes: usage.node.workingSetBytes,
      },
      fs: {
        time,
        availableBytes: fs.availableBytes,
        capacityBytes: fs.capacityBytes,
        usedBytes: fs.capacityBytes - fs.availableBytes,
        inodesFree: fs.inodesFree,
        inodes: fs.inodes,
        inodesUsed: fs.inodes - fs.inodesFree,
      },
    },
    pods: usage.pods.map((pod) => podSummary(pod, time)),
  }
}

function podSummary({ pod, cgroup, containers }: PodUsage, time: string): object {
  const { name = '', namespace = '', uid = '' } = pod.metadata
  return {
    podRef: { name, namespace, uid },
    startTime: pod.status?.startTime ?? time,
    containers: containers.map(({ name: container, startedAtMs, stats }) => ({
      name: container,
      startTime: timestamp(startedAtMs),
      cpu: {
        time,
        usageNanoCores: stats.cpu?.usageNanoCores?.value ?? 0,
        usageCoreNanoSeconds: stats.cpu?.usageCoreNanoSeconds?.value ?? 0,
      },
      memory: {
        time,
        usageBytes: stats.memory?.usageBytes?.value ?? stats.memory?.workingSetBytes?.value ?? 0,
        workingSetBytes: stats.memory?.workingSetBytes?.value ?? 0,
        rssBytes: stats.memory?.rssBytes?.value ?? 0,
        pageFaults: stats.memory?.pageFaults?.value ?? 0,
        majorPageFaults: stats.memory?.majorPageFaults?.value ?? 0,
      },
      ...(stats.writableLayer && {
        rootfs: {
          time,
          usedBytes: stats.writableLayer.usedBytes?.value ?? 0,
          inodesUsed: stats.writableLayer.inodesUsed?.value ?? 0,
        },
      }),
    })),
    ...(cgroup && {
      cpu: { time, usageCoreNanoSeconds: cgroup.cpuNanoseconds },
      memory: {
        time,
        usageBytes: cgroup.memoryUsageBytes,
        workingSetBytes: cgroup.memoryWorkingSetBytes,
        rssBytes: cgroup.memoryRssBytes,
      },
      process_stats: { process_count: cgroup.processes },
    }),
  }
}

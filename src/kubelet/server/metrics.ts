import type { ServerContext } from './context.ts'
import { takeUsage } from './stats.ts'

interface Sample {
  readonly labels?: Readonly<Record<string, string>>
  readonly value: number
}

/** One metric in Prometheus' text format. */
function metric(name: string, type: 'counter' | 'gauge', help: string, samples: readonly Sample[]): string {
  const lines = samples.map(({ labels = {}, value }) => {
    const pairs = Object.entries(labels).map(([key, label]) => `${key}=${JSON.stringify(label)}`)
    return `${name}${pairs.length > 0 ? `{${pairs.join(',')}}` : ''} ${value}\n`
  })
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines.join('')}`
}

/** `/metrics/resource`: what metrics-server reads. */
export async function resourceMetrics(context: ServerContext): Promise<string> {
  const { pods, node } = await takeUsage(context)
  const containers = pods.flatMap(({ pod, containers: list }) =>
    list.map(({ name, startedAtMs, stats }) => ({
      labels: { container: name, namespace: pod.metadata.namespace ?? '', pod: pod.metadata.name ?? '' },
      startedAtMs,
      stats,
    })),
  )
  const podLabels = (pod: (typeof pods)[number]['pod']): Sample['labels'] => ({
    namespace: pod.metadata.namespace ?? '',
    pod: pod.metadata.name ?? '',
  })
  return [
    metric(
      'container_cpu_usage_seconds_total',
      'counter',
      'Cumulative cpu time consumed by the container in core-seconds',
      containers.map(({ labels, stats }) => ({ labels, value: (stats.cpu?.usageCoreNanoSeconds?.value ?? 0) / 1e9 })),
    ),
    metric(
      'container_memory_working_set_bytes',
      'gauge',
      'Current working set of the container in bytes',
      containers.map(({ labels, stats }) => ({ labels, value: stats.memory?.workingSetBytes?.value ?? 0 })),
    ),
    metric(
      'container_start_time_seconds',
      'gauge',
      'Start time of the container since unix epoch in seconds',
      containers.map(({ labels, startedAtMs }) => ({ labels, value: startedAtMs / 1000 })),
    ),
    metric('node_cpu_usage_seconds_total', 'counter', 'Cumulative cpu time consumed by the node in core-seconds', [
      { value: node.cpuNanoseconds / 1e9 },
    ]),
    metric('node_memory_working_set_bytes', 'gauge', 'Current working set of the node in bytes', [
      { value: node.workingSetBytes },
    ]),
    metric(
      'pod_cpu_usage_seconds_total',
      'counter',
      'Cumulative cpu time consumed by the pod in core-seconds',
      pods.map(({ pod, cgroup }) => ({ labels: podLabels(pod), value: (cgroup?.cpuNanoseconds ?? 0) / 1e9 })),
    ),
    metric(
      'pod_memory_working_set_bytes',
      'gauge',
      'Current working set of the pod in bytes',
      pods.map(({ pod, cgroup }) => ({ labels: podLabels(pod), value: cgroup?.memoryWorkingSetBytes ?? 0 })),
    ),
    metric('resource_scrape_error', 'gauge', '1 if there was an error while getting container metrics, 0 otherwise', [
      { value: 0 },
    ]),
  ].join('')
}

/** `/metrics`: of the node agent itself. */
export function agentMetrics({ config, workers, means }: ServerContext): string {
  const observed = [...means.observed.all()]
  const sandboxes = observed.flatMap((pod) => pod.sandboxes).filter(({ ready }) => ready).length
  const containers = Map.groupBy(
    observed.flatMap((pod) => pod.containers),
    ({ state }) => state,
  )
  return [
    metric('kubelet_node_name', 'gauge', "The node's name. The count is always 1.", [
      { labels: { node: config.nodeName }, value: 1 },
    ]),
    metric('kubelet_desired_pods', 'gauge', 'The number of pods the kubelet is being instructed to run', [
      { labels: { static: '' }, value: workers.pods().length },
    ]),
    metric('kubelet_running_pods', 'gauge', 'Number of pods that have a running pod sandbox', [{ value: sandboxes }]),
    metric(
      'kubelet_running_containers',
      'gauge',
      'Number of containers currently running',
      (['created', 'running', 'exited'] as const).map((state) => ({
        labels: { container_state: state },
        value: containers.get(state)?.length ?? 0,
      })),
    ),
  ].join('')
}

import type * as cri from '../cri/generated/types.ts'
import type { Init } from '../cri/init.ts'
import { podCgroupPath } from '../container/resources.ts'
import type { ObservedSandbox } from '../runtime/observed.ts'
import { sandboxConfig } from '../sandbox/config.ts'
import { dnsConfig } from '../sandbox/dns.ts'
import { nodeHostname } from '../sandbox/hostname.ts'
import { StartError, textOf } from '../start-error.ts'
import type { PodMeans } from './means.ts'
import type { Pod } from './spec.ts'

/** The configuration of a pod's sandbox, which containers' creation needs again. */
export async function sandboxConfigFor(
  pod: Pod,
  attempt: number,
  means: PodMeans,
): Promise<Init<cri.PodSandboxConfig>> {
  const { config, host } = means
  const { config: dns } = dnsConfig(pod, config.clusterDns, await host.machine.resolvConf())
  return sandboxConfig(pod, {
    attempt,
    dns,
    hostname: pod.spec.hostNetwork === true ? '' : nodeHostname(pod, config.clusterDns.domain),
    cgroupParent: host.cgroups.parentFor(podCgroupPath(pod, config.podsCgroup)),
    logRoot: config.podLogsDir,
  })
}

function warnOfMissingDns(pod: Pod, { config, events }: PodMeans): void {
  if (!dnsConfig(pod, config.clusterDns, '').missingClusterDns) return
  const policy = JSON.stringify(pod.spec.dnsPolicy ?? 'ClusterFirst')
  const message = `kubelet does not have ClusterDNS IP configured and cannot create Pod using ${policy} policy. Falling back to "Default" policy.`
  events.event(pod, 'Warning', 'MissingClusterDNS', message)
}

/** Creates a pod's sandbox with its network. Rejects with a StartError, having recorded the event. */
export async function startSandbox(
  pod: Pod,
  attempt: number,
  means: PodMeans,
): Promise<{ readonly sandbox: ObservedSandbox; readonly config: Init<cri.PodSandboxConfig> }> {
  const { runtime, observed, host, events } = means
  try {
    warnOfMissingDns(pod, means)
    const config = await sandboxConfigFor(pod, attempt, means)
    await host.files.mkdir(config.logDirectory ?? '', 0o755)
    const id = await runtime.runPodSandbox(config, await runtimeHandlerOf(pod, means))
    const sandbox = await observed.refreshSandbox(id)
    if (!sandbox) throw new Error(`sandbox ${id} is gone`)
    return { sandbox, config }
  } catch (error) {
    const message = `Failed to create pod sandbox: ${textOf(error)}`
    events.event(pod, 'Warning', 'FailedCreatePodSandBox', message)
    throw new StartError('CreatePodSandboxError', message)
  }
}

async function runtimeHandlerOf(pod: Pod, { objects }: PodMeans): Promise<string> {
  const { runtimeClassName } = pod.spec
  if (!runtimeClassName) return ''
  const found = await objects.runtimeClass(runtimeClassName)
  if (!found)
    throw new Error(
      `failed to get RuntimeClass: runtimeclasses.node.k8s.io ${JSON.stringify(runtimeClassName)} not found`,
    )
  return found.handler
}

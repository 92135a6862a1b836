import type * as cri from '../cri/generated/types.ts'
import type { Init } from '../cri/init.ts'
import { namespaceOptions, supplementalGroups } from '../container/security.ts'
import { logDirectoryOf } from '../container/config.ts'
import { allContainers, uidOf, type Pod } from '../pod/spec.ts'
import { LABELS } from '../runtime/observed.ts'

/** What has been worked out for a sandbox before its configuration is put together. */
export interface SandboxParts {
  readonly attempt: number
  readonly dns: cri.DNSConfig
  /** Empty on the host's network. */
  readonly hostname: string
  readonly cgroupParent: string
  /** The node's folder of pod logs. */
  readonly logRoot: string
}

/** The sandbox as the runtime is to make it. */
export function sandboxConfig(pod: Pod, parts: SandboxParts): Init<cri.PodSandboxConfig> {
  const { name = '', namespace = '' } = pod.metadata
  const uid = uidOf(pod)
  return {
    metadata: { name, namespace, uid, attempt: parts.attempt },
    hostname: parts.hostname,
    logDirectory: `${parts.logRoot}/${logDirectoryOf({ namespace, name, uid })}`,
    dnsConfig: parts.dns,
    portMappings: portMappings(pod),
    labels: {
      ...pod.metadata.labels,
      [LABELS.podName]: name,
      [LABELS.podNamespace]: namespace,
      [LABELS.podUid]: uid,
    },
    annotations: pod.metadata.annotations ?? {},
    linux: {
      cgroupParent: parts.cgroupParent,
      sysctls: sysctls(pod),
      securityContext: sandboxSecurity(pod),
    },
  }
}

/** Host ports are mapped by the network plugin, except on the host's network, where the ports are the host's already. */
function portMappings(pod: Pod): Init<cri.PortMapping>[] {
  if (pod.spec.hostNetwork === true) return []
  const mappings: Init<cri.PortMapping>[] = []
  for (const { container } of allContainers(pod)) {
    for (const { hostPort = 0, containerPort, protocol = 'TCP', hostIP = '' } of container.ports ?? []) {
      if (hostPort > 0) mappings.push({ protocol, containerPort, hostPort, hostIp: hostIP })
    }
  }
  return mappings
}

function sysctls(pod: Pod): Record<string, string> {
  const list = pod.spec.securityContext?.sysctls ?? []
  return Object.fromEntries(list.map(({ name, value }) => [name.replaceAll('/', '.'), value]))
}

function sandboxSecurity(pod: Pod): Init<cri.LinuxSandboxSecurityContext> {
  const { runAsUser, runAsGroup } = pod.spec.securityContext ?? {}
  const privileged = [...allContainers(pod)].some(({ container }) => container.securityContext?.privileged === true)
  return {
    namespaceOptions: namespaceOptions(pod),
    privileged,
    ...(runAsUser !== undefined && { runAsUser: { value: runAsUser } }),
    ...(runAsGroup !== undefined && { runAsGroup: { value: runAsGroup } }),
    ...supplementalGroups(pod),
    // What a pod's containers say about seccomp is not the pause process's concern.
    seccomp: { profileType: privileged ? 'Unconfined' : 'RuntimeDefault' },
  }
}

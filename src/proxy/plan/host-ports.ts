import type { Frozen } from '../../apimachinery/meta.ts'
import type { Pod } from '../../api/generated/types/core/v1.ts'
import type { L4Protocol, Target } from './service-ports.ts'

/** A container port that the node itself listens on. */
export interface HostPort {
  readonly protocol: L4Protocol
  readonly hostPort: number
  /** Only on this address of the host; all when undefined. */
  readonly hostIP: string | undefined
  readonly target: Target
}

/** The host ports of a pod on this node. None while it has no address, has ended, or lives in the host's network anyway. */
export function hostPorts(pod: Frozen<Pod>): HostPort[] {
  const ip = pod.status?.podIP
  if (!ip || pod.spec.hostNetwork || pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed') return []
  const sidecars = (pod.spec.initContainers ?? []).filter((c) => c.restartPolicy === 'Always')
  return [...pod.spec.containers, ...sidecars].flatMap((container) =>
    (container.ports ?? []).flatMap(({ hostPort, hostIP, containerPort, protocol }) =>
      hostPort
        ? [
            {
              protocol: (protocol ?? 'TCP').toLowerCase() as L4Protocol,
              hostPort,
              hostIP: hostIP && hostIP !== '0.0.0.0' && hostIP !== '::' ? hostIP : undefined,
              target: { ip, port: containerPort },
            },
          ]
        : [],
    ),
  )
}

import type { Pod, Service } from '../../api/generated/types/core/v1.ts'
import { isPodReady, isPodTerminal } from '../../api/core/v1/pod-conditions.ts'
import { pods, services } from '../../api/index.ts'
import { semanticEqual } from '../../apimachinery/equality.ts'
import { keyOf, type Frozen, type ObjectKey } from '../../apimachinery/meta.ts'
import { watches, type Lister, type Watch } from '../../client/controller.ts'

/** Whether a Service selects pods by labels; others have endpoints that somebody else writes. */
export function hasSelector({ spec }: Frozen<Service>): boolean {
  return spec?.selector !== undefined && Object.keys(spec.selector).length > 0
}

/** Whether the Service has no cluster IP, so that its name stands for its pods. */
export function isHeadless({ spec }: Frozen<Service>): boolean {
  return spec?.clusterIP === 'None' || !spec?.clusterIP
}

/** The pods that a Service selects. */
export function selectedPods(service: Frozen<Service>, lister: Lister<Pod>): Frozen<Pod>[] {
  return lister.list(service.metadata.namespace ?? '').filter((pod) => selectsPod(service, pod))
}

function selectsPod(service: Frozen<Service>, pod: Frozen<Pod>): boolean {
  if (!hasSelector(service)) return false
  const labels = pod.metadata.labels ?? {}
  return Object.entries(service.spec?.selector ?? {}).every(([name, value]) => labels[name] === value)
}

/** Wakes the Services whose endpoints a change of a pod may touch. */
export const podsOfServices: Watch = watches({
  resource: pods,
  *keys(now, old, { lister }): Generator<ObjectKey> {
    if (now && old && sameEndpoint(now, old)) return
    const pod = now ?? old
    if (!pod) return
    for (const service of lister(services).list(pod.metadata.namespace ?? ''))
      if ((now && selectsPod(service, now)) || (old && selectsPod(service, old))) yield keyOf(service)
  },
})

/** Whether two states of a pod look the same from a Service. */
function sameEndpoint(now: Frozen<Pod>, old: Frozen<Pod>): boolean {
  return (
    semanticEqual(now.metadata.labels, old.metadata.labels) &&
    !now.metadata.deletionTimestamp === !old.metadata.deletionTimestamp &&
    isPodTerminal(now) === isPodTerminal(old) &&
    isPodReady(now) === isPodReady(old) &&
    now.spec.nodeName === old.spec.nodeName &&
    now.spec.hostname === old.spec.hostname &&
    now.spec.subdomain === old.spec.subdomain &&
    semanticEqual(now.status?.podIPs, old.status?.podIPs)
  )
}

import type { Frozen } from '../../apimachinery/meta.ts'
import type { Service } from '../../api/generated/types/core/v1.ts'
import type { Endpoint, EndpointSlice } from '../../api/generated/types/discovery/v1.ts'
import type { Target } from './service-ports.ts'

/** Where this node stands. */
export interface NodeTopology {
  readonly nodeName: string
  readonly zone: string | undefined
}

export interface Chosen {
  readonly cluster: readonly Target[]
  readonly external: readonly Target[]
  /** How many ready endpoints of the port are on this node, for the health check of `externalTrafficPolicy: Local`. */
  readonly localReady: number
}

interface Candidate extends Target {
  readonly endpoint: Frozen<Endpoint>
}

/**
 * Which endpoints of a port get traffic on this node, as upstream's CategorizeEndpoints (1.36): ready ones, or serving ones that are
 * terminating when none is ready; the node's own under a Local policy; those that the topology hints give to this node or zone, unless
 * a hint is missing somewhere.
 */
export function chooseEndpoints(
  service: Frozen<Service>,
  portName: string,
  slices: readonly Frozen<EndpointSlice>[],
  node: NodeTopology,
): Chosen {
  const candidates = slices.flatMap((slice) => candidatesOf(slice, portName))
  const isLocal = ({ endpoint }: Candidate): boolean => endpoint.nodeName === node.nodeName
  const everywhere = usable(candidates)
  const local = usable(candidates.filter(isLocal))
  const near = byHints(everywhere, node)
  return {
    cluster: unique(service.spec.internalTrafficPolicy === 'Local' ? local : near),
    external: unique(service.spec.externalTrafficPolicy === 'Local' ? local : near),
    localReady: unique(candidates.filter((c) => isLocal(c) && c.endpoint.conditions?.ready !== false)).length,
  }
}

function candidatesOf(slice: Frozen<EndpointSlice>, portName: string): Candidate[] {
  const port = slice.ports?.find((p) => (p.name ?? '') === portName)?.port
  if (!port) return []
  return (slice.endpoints ?? []).flatMap((endpoint) => {
    const ip = endpoint.addresses[0]
    return ip ? [{ ip, port, endpoint }] : []
  })
}

/** `ready` and `serving` count as true when absent. */
function usable(candidates: readonly Candidate[]): readonly Candidate[] {
  const ready = candidates.filter((c) => c.endpoint.conditions?.ready !== false)
  if (ready.length > 0) return ready
  return candidates.filter(
    (c) => c.endpoint.conditions?.serving !== false && c.endpoint.conditions?.terminating === true,
  )
}

function byHints(candidates: readonly Candidate[], { nodeName, zone }: NodeTopology): readonly Candidate[] {
  const hintedNode = (c: Candidate): boolean => c.endpoint.hints?.forNodes?.some((n) => n.name === nodeName) === true
  if (candidates.length > 0 && candidates.every((c) => (c.endpoint.hints?.forNodes?.length ?? 0) > 0)) {
    const mine = candidates.filter(hintedNode)
    if (mine.length > 0) return mine
  }
  if (
    zone !== undefined &&
    candidates.length > 0 &&
    candidates.every((c) => (c.endpoint.hints?.forZones?.length ?? 0) > 0)
  ) {
    const mine = candidates.filter((c) => c.endpoint.hints?.forZones?.some((z) => z.name === zone))
    if (mine.length > 0) return mine
  }
  return candidates
}

function unique(candidates: readonly Candidate[]): Target[] {
  const byAddress = new Map(candidates.map(({ ip, port }) => [`${ip}:${port}`, { ip, port }]))
  return [...byAddress.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, target]) => target)
}

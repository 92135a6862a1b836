import { isPodReady, isPodTerminal } from '../../api/core/v1/pod-conditions.ts'
import type { EndpointAddress, EndpointPort, EndpointSubset, Pod, Service } from '../../api/generated/types/core/v1.ts'
import type { Frozen } from '../../apimachinery/meta.ts'
import { parseIp } from '../../lib/ip.ts'
import { isHeadless } from '../services/membership.ts'
import { podPort } from '../services/ports.ts'

/** An Endpoints object holds no more than so many addresses. */
const CAPACITY = 1000

/** The subsets of a Service with these pods, and whether some had to be left out. */
export function planSubsets(
  service: Frozen<Service>,
  pods: readonly Frozen<Pod>[],
): { readonly subsets: EndpointSubset[]; readonly isTruncated: boolean } {
  const entries = pods.flatMap((pod) => entriesOf(service, pod))
  return truncate(pack(entries))
}

/** An address serves a port, or none. */
interface Entry {
  readonly address: EndpointAddress
  readonly ready: boolean
  readonly port: EndpointPort | undefined
}

function entriesOf(service: Frozen<Service>, pod: Frozen<Pod>): Entry[] {
  const publishAll = service.spec?.publishNotReadyAddresses === true
  const ip = addressOf(service, pod)
  if (!ip || isPodTerminal(pod) || (pod.metadata.deletionTimestamp && !publishAll)) return []
  const { namespace = '', name = '', uid = '' } = pod.metadata
  const hasName = pod.spec.hostname && pod.spec.subdomain === service.metadata.name
  const address: EndpointAddress = {
    ip,
    ...(hasName && { hostname: pod.spec.hostname }),
    ...(pod.spec.nodeName && { nodeName: pod.spec.nodeName }),
    targetRef: { kind: 'Pod', namespace, name, uid },
  }
  const ready = publishAll || isPodReady(pod)
  const ports = service.spec?.ports ?? []
  if (ports.length === 0) return isHeadless(service) ? [{ address, ready, port: undefined }] : []
  return ports.flatMap((servicePort) => {
    const number = podPort(pod, servicePort)
    if (number === undefined) return []
    const { name: portName, protocol = 'TCP', appProtocol } = servicePort
    const port = { ...(portName && { name: portName }), port: number, protocol, ...(appProtocol && { appProtocol }) }
    return [{ address, ready, port }]
  })
}

/** The pod's address in the Service's first family. */
function addressOf({ spec }: Frozen<Service>, { status }: Frozen<Pod>): string | undefined {
  const isV6 = spec?.ipFamilies?.[0] === 'IPv6' || (!spec?.ipFamilies && parseIp(spec?.clusterIP ?? '')?.version === 6)
  const ips = status?.podIPs?.map(({ ip }) => ip) ?? (status?.podIP ? [status.podIP] : [])
  return ips.find((ip) => (parseIp(ip)?.version === 6) === isV6)
}

/** Puts addresses that serve the same ports together, everything in a fixed order (RepackSubsets). */
function pack(entries: readonly Entry[]): EndpointSubset[] {
  const byAddress = new Map<
    string,
    { readonly entry: Entry; ready: boolean; readonly ports: Map<string, EndpointPort> }
  >()
  for (const entry of entries) {
    const id = `${entry.address.ip} ${entry.address.targetRef?.uid}`
    let known = byAddress.get(id)
    if (!known) byAddress.set(id, (known = { entry, ready: entry.ready, ports: new Map() }))
    known.ready &&= entry.ready
    if (entry.port) known.ports.set(portId(entry.port), entry.port)
  }
  const subsets = new Map<string, EndpointSubset>()
  for (const id of [...byAddress.keys()].sort()) {
    const { entry, ready, ports } = byAddress.get(id) ?? {
      entry: undefined,
      ready: false,
      ports: new Map<string, EndpointPort>(),
    }
    if (!entry) continue
    const portIds = [...ports.keys()].sort()
    const key = portIds.join(',')
    let subset = subsets.get(key)
    if (!subset) {
      const list = portIds.flatMap((portKey) => ports.get(portKey) ?? [])
      subsets.set(key, (subset = list.length > 0 ? { ports: list } : {}))
    }
    const list = ready ? (subset.addresses ??= []) : (subset.notReadyAddresses ??= [])
    list.push(entry.address)
  }
  return [...subsets.keys()].sort().flatMap((key) => subsets.get(key) ?? [])
}

function portId({ name = '', protocol = 'TCP', port, appProtocol = '' }: EndpointPort): string {
  return `${name}/${protocol}/${String(port).padStart(5, '0')}/${appProtocol}`
}

/** Ready addresses have precedence. */
function truncate(subsets: EndpointSubset[]): { subsets: EndpointSubset[]; isTruncated: boolean } {
  const count = (list: readonly EndpointAddress[] | undefined): number => list?.length ?? 0
  const total = subsets.reduce((sum, s) => sum + count(s.addresses) + count(s.notReadyAddresses), 0)
  if (total <= CAPACITY) return { subsets, isTruncated: false }
  let room = CAPACITY
  const take = (list: readonly EndpointAddress[] = []): EndpointAddress[] => {
    const taken = list.slice(0, room)
    room -= taken.length
    return taken
  }
  const ready = subsets.map((subset) => take(subset.addresses))
  const cut = subsets.map((subset, at): EndpointSubset => {
    const addresses = ready[at] ?? []
    const notReadyAddresses = take(subset.notReadyAddresses)
    return {
      ...(subset.ports && { ports: subset.ports }),
      ...(addresses.length > 0 && { addresses }),
      ...(notReadyAddresses.length > 0 && { notReadyAddresses }),
    }
  })
  return { subsets: cut.filter((s) => s.addresses ?? s.notReadyAddresses), isTruncated: true }
}

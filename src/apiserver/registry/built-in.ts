import type { Random } from '../../lib/random.ts'
import { certificateRequestHooks } from './certificate-request.ts'
import { definitionHooks } from '../customresources/deletion.ts'
import { logSubresource } from './connect/log.ts'
import { nodeProxy, podProxy, serviceProxy } from './connect/proxy.ts'
import { attachSubresource, execSubresource, portForwardSubresource } from './connect/streams.ts'
import { namespaceHooks } from './namespace.ts'
import { componentStatus } from './component-status.ts'
import { methodNotAllowed } from './refusals.ts'
import type { Serving, VirtualResource } from './served.ts'
import { ClusterIps } from './service/cluster-ips.ts'
import { serviceHooks } from './service/hooks.ts'
import { DEFAULT_NODE_PORTS, NodePorts, type PortRange } from './service/node-ports.ts'
import { bind, bindingSubresource } from './subresources/binding.ts'
import { evictionSubresource } from './subresources/eviction.ts'
import type { Subresources } from './subresources/subresource.ts'

/** What of a cluster's network the API server gives out. */
export interface ServiceNetwork {
  /** One range, or one of each family with the default family first. 10.96.0.0/12 unless told. */
  readonly cidrs?: readonly string[] | undefined
  /** 30000-32767 unless told. */
  readonly nodePorts?: PortRange | undefined
}

export type ServingByName = Readonly<Record<string, Omit<Serving, 'freeze'>>>

/** What built-in resources do beyond the generic path, by `plural.group`. */
export function builtInServing(network: ServiceNetwork, random: Random): ServingByName {
  const ips = new ClusterIps(network.cidrs ?? ['10.96.0.0/12'])
  const ports = new NodePorts(network.nodePorts ?? DEFAULT_NODE_PORTS, random)
  return {
    bindings: { virtual: bindPod },
    'certificatesigningrequests.certificates.k8s.io': { hooks: certificateRequestHooks },
    componentstatuses: { virtual: componentStatus },
    'customresourcedefinitions.apiextensions.k8s.io': { hooks: definitionHooks },
    namespaces: { hooks: namespaceHooks },
    nodes: { subresources: { proxy: nodeProxy } },
    pods: { subresources: podSubresources },
    services: { hooks: serviceHooks(ips, ports), subresources: { proxy: serviceProxy } },
  }
}

const podSubresources: Subresources = {
  attach: attachSubresource,
  binding: bindingSubresource,
  eviction: evictionSubresource,
  exec: execSubresource,
  log: logSubresource,
  portforward: portForwardSubresource,
  proxy: podProxy,
}

/** The old way to assign a pod: the Binding is posted to the namespace, and names the pod. */
const bindPod: VirtualResource = (registry, bindings, call) => {
  const pods = registry.resources.find('', 'v1', 'pods')
  if (!pods || call.info.verb !== 'create' || call.info.name) throw methodNotAllowed()
  return bind(registry, pods, call, bindings)
}

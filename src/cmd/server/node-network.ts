import { readFileSync } from 'node:fs'
import { InformerFactory, withoutManagers } from '../../client/informer/factory.ts'
import { runDns } from '../../dns/dns.ts'
import { hostNames } from '../../host/cluster/host-names.ts'
import type { ClusterPaths } from '../../host/cluster/paths.ts'
import type { ClusterSettings } from '../../host/cluster/settings.ts'
import { nthAddress } from '../../host/cluster/resolve.ts'
import { isErrno } from '../../host/user-error.ts'
import type { Env } from '../../lib/env.ts'
import { linuxProxyHost, prepareKernel } from '../../proxy/host.ts'
import { Proxy } from '../../proxy/proxy.ts'
import type { ApiAccess } from './guarded-api.ts'
import { identities } from './identities.ts'

export interface NodeNetworkOptions {
  readonly api: ApiAccess
  readonly settings: ClusterSettings
  readonly paths: ClusterPaths
  readonly env: Env
  readonly nodeIP: string
  readonly signal: AbortSignal
}

/** Runs the service proxy of this node until the signal aborts. */
export async function runProxy({ api, settings, paths, env, signal }: NodeNetworkOptions): Promise<void> {
  const own = { ...env, log: env.log.with({ component: 'proxy' }) }
  prepareKernel()
  const informers = new InformerFactory({
    client: api.clientFor(identities.proxy, 'kube-proxy'),
    env: own,
    transform: withoutManagers,
  })
  const { nodeName, podCidr, serviceCidr } = settings
  const node = api.clientFor(identities.node(nodeName), 'kube-proxy')
  const nodeInformers = new InformerFactory({ client: node, env: own, transform: withoutManagers })
  const { bridge, tablePrefix } = hostNames(paths)
  const proxy = new Proxy({
    informers,
    nodeInformers,
    env: own,
    nodeName,
    table: { family: 'ip', table: `${tablePrefix}services`, podCidr, serviceCidr },
    host: linuxProxyHost(bridge, own.log),
    signal,
  })
  informers.start(signal)
  nodeInformers.start(signal)
  await proxy.run(() => own.log.info('Service addresses work'))
  await Promise.all([informers.stopped(), nodeInformers.stopped()])
}

/** Runs cluster DNS on this node until the signal aborts. */
export async function runClusterDns({ api, settings, env, nodeIP, signal }: NodeNetworkOptions): Promise<void> {
  const own = { ...env, log: env.log.with({ component: 'dns' }) }
  const client = api.clientFor(identities.dns, 'skiff-dns')
  const informers = new InformerFactory({ client, env: own, transform: withoutManagers })
  informers.start(signal)
  await runDns({
    client,
    informers,
    env: own,
    zone: settings.clusterDomain,
    nodeName: settings.nodeName,
    nodeIP,
    podCidr: settings.podCidr,
    clusterIP: nthAddress(settings.serviceCidr, 10),
    upstreams: nameServers(readResolvConf()).map((address) => ({ address, port: 53 })),
    signal,
  })
  own.log.info('cluster DNS answers')
  await informers.stopped()
}

/** The name servers of resolv.conf(5). */
export function nameServers(resolvConf: string): string[] {
  return [...resolvConf.matchAll(/^\s*nameserver\s+(\S+)/gm)].map(([, address = '']) => address)
}

/** systemd-resolved lists its own upstreams in a file beside; its stub on loopback would do for us, but not after a change. */
function readResolvConf(): string {
  for (const file of ['/run/systemd/resolve/resolv.conf', '/etc/resolv.conf']) {
    try {
      return readFileSync(file, 'utf8')
    } catch (error) {
      if (!isErrno(error, 'ENOENT')) throw error
    }
  }
  return ''
}

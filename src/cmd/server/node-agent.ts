import { nthAddress } from '../../host/cluster/resolve.ts'
import { hostNames } from '../../host/cluster/host-names.ts'
import { defaultConfig, type KubeletConfig } from '../../kubelet/config.ts'
import { criClient } from '../../kubelet/cri/grpc/client.ts'
import { startKubelet } from '../../kubelet/kubelet.ts'
import { linuxHost } from '../../kubelet/linux/host.ts'
import { identities } from './identities.ts'
import { localNode } from './local-node.ts'
import type { PartsOptions } from './parts.ts'

/** Runs the node agent over a CRI socket until the signal aborts. Containers go on. */
export async function runNodeAgent(options: PartsOptions, endpoint: string): Promise<void> {
  const { api, settings, signal } = options
  const env = { ...options.env, log: options.env.log.with({ component: 'kubelet' }) }
  const cri = criClient({ endpoint })
  try {
    const kubelet = await startKubelet({
      client: api.clientFor(identities.node(settings.nodeName), 'kubelet'),
      env,
      config: configOf(options),
      host: linuxHost(env),
      runtime: cri.runtime,
      images: cri.images,
    })
    const leave = api.server.nodes.add(settings.nodeName, localNode(kubelet.api))
    env.log.info('the node agent runs', { endpoint })
    if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
    leave()
    await kubelet.stop()
  } finally {
    cri.close()
  }
}

function configOf({ settings, paths, nodeIP }: PartsOptions): KubeletConfig {
  return {
    ...defaultConfig(settings.nodeName),
    rootDir: paths.kubelet,
    podLogsDir: paths.podLogs,
    podsCgroup: `/${hostNames(paths).cgroup}/kubepods`,
    clusterDns: { domain: settings.clusterDomain, servers: [nthAddress(settings.serviceCidr, 10)] },
    nodeIPs: [nodeIP],
  }
}

import { BlockList, isIPv6 } from 'node:net'
import { networkInterfaces } from 'node:os'
import { sleep } from '../lib/clock.ts'
import type { Env } from '../lib/env.ts'
import type { Client, InformerFactory } from '../client/index.ts'
import { AnswerCache } from './forward/cache.ts'
import { Forwarder, type Upstream } from './forward/forward.ts'
import { hasReason } from '../apimachinery/status.ts'
import { publish } from './publish.ts'
import { startDnsServer, type DnsServer } from './server/server.ts'
import { informedNames } from './zone/informed-names.ts'

export interface DnsOptions {
  readonly client: Client
  readonly informers: InformerFactory
  readonly env: Env
  readonly zone: string
  readonly nodeName: string
  /** Where to listen; only pods and this host are answered. */
  readonly nodeIP: string
  readonly podCidr: string
  readonly clusterIP: string
  readonly upstreams: readonly Upstream[]
  readonly signal: AbortSignal
}

/** Serves the cluster's names from this node. Resolves when it answers and is published; it ends with the signal. */
export async function runDns(options: DnsOptions): Promise<DnsServer> {
  const { informers, env, signal, nodeIP, podCidr } = options
  const names = informedNames(informers)
  await informers.synced(signal)
  const responder = {
    zone: { zone: options.zone, names },
    forwarder: new Forwarder({ upstreams: options.upstreams, env }),
    cache: new AnswerCache(env.clock),
  }
  const pods = subnet(podCidr)
  const serves = (client: string): boolean =>
    pods.check(client, isIPv6(client) ? 'ipv6' : 'ipv4') || isOwnAddress(client)
  const server = await startDnsServer({ responder, env, address: nodeIP, port: 0, serves })
  signal.addEventListener('abort', () => void server.close(), { once: true })
  await publishUntilDone(options, server.port)
  return server
}

const RETRY_MS = 10_000
const FORBIDDEN_RETRY_MS = 300_000

async function publishUntilDone(options: DnsOptions, port: number): Promise<void> {
  const { client, env, signal, clusterIP, nodeName, nodeIP } = options
  for (let delayMs = 100, mostMs = RETRY_MS; ; delayMs = Math.min(delayMs * 2, mostMs)) {
    try {
      return await publish(client, { clusterIP, nodeName, nodeIP, port })
    } catch (err) {
      if (signal.aborted) throw err
      env.log.warn('the DNS Service could not be published yet', { err })
      // A node apart that may not is served by the others' DNS.
      mostMs = hasReason(err, 'Forbidden') ? FORBIDDEN_RETRY_MS : RETRY_MS
      await sleep(env.clock, delayMs, signal)
    }
  }
}

function subnet(cidr: string): BlockList {
  const [address = '', bits = '32'] = cidr.split('/')
  const list = new BlockList()
  list.addSubnet(address, Number(bits), isIPv6(address) ? 'ipv6' : 'ipv4')
  return list
}

/** Asked anew each time: addresses come and go with interfaces. */
function isOwnAddress(address: string): boolean {
  if (address.startsWith('127.') || address === '::1') return true
  return Object.values(networkInterfaces()).some((list) => list?.some((own) => own.address === address) === true)
}

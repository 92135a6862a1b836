import { execFileSync } from 'node:child_process'
import { parseCidr } from '../../lib/ip.ts'
import { hostEnvironment } from '../run-command.ts'
import type { Route } from './routes.ts'

/** A table of Services that is larger is read no further: the first addresses tell enough. */
const MOST_BYTES = 64 * 1024 * 1024

/**
 * An address of the Services of each other cluster on this machine, wherever its state lies: nft knows them, and no route does. Without root, or without nft, none can be
 * seen, and none can be in the way.
 */
export function readServiceTables(ownPrefix: string): Route[] {
  const tables = nft('list', 'tables')
  const names = [...tables.matchAll(/^table ip (skiff_\S+_services)$/gm)].map(([, name = '']) => name)
  return names
    .filter((name) => !name.startsWith(ownPrefix))
    .flatMap((name) => serviceAddresses(name, nft('list', 'table', 'ip', name)))
}

/** The addresses of a listed table's Services, each /24 once. */
export function serviceAddresses(link: string, listed: string): Route[] {
  const found = [...listed.matchAll(/\b(\d+\.\d+\.\d+)\.\d+ \. (?:tcp|udp|sctp) \. \d+ : goto /g)]
  const ranges = new Set(found.map(([, network = '']) => `${network}.0/24`))
  return [...ranges].flatMap((range) => {
    const cidr = parseCidr(range)
    return cidr ? [{ link, cidr }] : []
  })
}

function nft(...args: readonly string[]): string {
  try {
    const stdio: ('ignore' | 'pipe')[] = ['ignore', 'pipe', 'ignore']
    return execFileSync('nft', args, { encoding: 'utf8', env: hostEnvironment(), maxBuffer: MOST_BYTES, stdio })
  } catch {
    // Not there, or not for us to see.
    return ''
  }
}

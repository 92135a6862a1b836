import type { IPAddress, ServiceCIDR } from '../../../api/generated/types/networking/v1.ts'
import { apiVersionOf, type KubeObject } from '../../../apimachinery/meta.ts'
import {
  type Cidr,
  cidrContains,
  cidrRange,
  formatCidr,
  formatIp,
  type IpAddress,
  parseCidr,
  parseIp,
} from '../../../lib/ip.ts'
import { uuid } from '../../../lib/random.ts'
import { timestamp } from '../../../apimachinery/meta.ts'
import { collectionPrefix, type Registry, type ServedResource, storageKey } from '../served.ts'
import { rangeOffset, roundFrom } from './offset-range.ts'

export type IpFamily = 'IPv4' | 'IPv6'

/** Why an address cannot be given, in upstream's words. */
export class AddressError extends Error {
  /** No address is left. */
  readonly full: boolean
  constructor(message: string, full = false) {
    super(message)
    this.full = full
  }
}

/** Whose address it is. */
export interface AddressOwner {
  readonly namespace: string
  readonly name: string
}

const BANDS = { least: 16, most: 256, share: 16 }
/** Ranges are walked by number; a longer one is used up to here. */
const MOST_ADDRESSES = 2 ** 32
const FAMILY_LABEL = 'ipaddress.kubernetes.io/ip-family'
export const MANAGER_LABEL = 'ipaddress.kubernetes.io/managed-by'
/** Marks the IPAddress objects that are made here. */
export const MANAGER = 'ipallocator.k8s.io'

/**
 * Gives cluster IPs out of the ServiceCIDRs. An address is taken by creating its IPAddress object, so the store decides between
 * competitors, and what is taken is known after a restart.
 */
export class ClusterIps {
  readonly #configured: readonly Cidr[]

  /** `configured` are the ranges of the command line, used as long as there is no ServiceCIDR object. */
  constructor(configured: readonly string[]) {
    this.#configured = configured.map(parsed)
  }

  /** The families that Services can have, the default one first. */
  get families(): readonly IpFamily[] {
    return [...new Set(this.#configured.map(familyOf))]
  }

  /** Takes the address asked for, or any when it is ''. `dryRun` only checks. Throws AddressError. */
  async take(
    registry: Registry,
    family: IpFamily,
    asked: string,
    owner: AddressOwner,
    dryRun: boolean,
  ): Promise<string> {
    const ranges = (await this.#ranges(registry)).filter((cidr) => familyOf(cidr) === family)
    const ip = parseIp(asked, true)
    if (ip) {
      const range = ranges.find((cidr) => cidrContains(cidr, ip))
      // A dry run looks at one range only.
      if (!range && dryRun) throw outside(asked, ranges[0])
      if (!range) throw new AddressError('the provided network does not match the current range')
      if (!isHost(range, ip)) throw outside(asked, range)
      const free = dryRun ? !(await this.#isTaken(registry, asked)) : await create(registry, ip, owner)
      if (!free) throw new AddressError('provided IP is already allocated')
      return asked
    }
    for (const range of ranges) {
      const found = await this.#takeAny(registry, range, owner, dryRun)
      if (found) return found
    }
    throw new AddressError('range is full', true)
  }

  /** Takes an address that a stored Service holds, if it is not taken. */
  async restore(registry: Registry, ip: IpAddress, owner: Partial<AddressOwner>): Promise<void> {
    await create(registry, ip, { namespace: owner.namespace ?? '', name: owner.name ?? '' })
  }

  /** Gives an address back. */
  async release(registry: Registry, address: string): Promise<void> {
    const resource = addresses(registry)
    if (resource) await registry.store.write({ key: storageKey(resource.definition, '', address), value: null })
  }

  async #takeAny(registry: Registry, range: Cidr, owner: AddressOwner, dryRun: boolean): Promise<string | undefined> {
    const { first, last } = hostsOf(range)
    if (dryRun) return formatIp({ version: range.version, value: range.base })
    const size = Number(last - first) + 1
    const count = Math.min(size, MOST_ADDRESSES)
    const offset = rangeOffset(count, BANDS)
    for (const [from, to] of [
      [offset, count],
      [0, offset],
    ] as const) {
      const start = from + Math.floor(registry.env.random.next() * (to - from))
      for (const index of roundFrom(from, to, start)) {
        const ip: IpAddress = { version: range.version, value: first + BigInt(index) }
        if (await this.#isTaken(registry, formatIp(ip))) continue
        if (await create(registry, ip, owner)) return formatIp(ip)
      }
    }
    return undefined
  }

  async #isTaken(registry: Registry, address: string): Promise<boolean> {
    const resource = addresses(registry)
    return resource ? (await registry.store.get(storageKey(resource.definition, '', address))) !== undefined : false
  }

  async #ranges(registry: Registry): Promise<readonly Cidr[]> {
    const resource = registry.resources.find('networking.k8s.io', 'v1', 'servicecidrs')
    if (!resource) return this.#configured
    const { entries } = await registry.store.range(collectionPrefix(resource.definition, ''))
    if (entries.length === 0) return this.#configured
    const usable = entries
      .map((entry) => resource.codec.decodeEntry(entry) as unknown as ServiceCIDR)
      .filter(({ metadata, status }) => {
        const ready = status?.conditions?.find(({ type }) => type === 'Ready')
        return !metadata.deletionTimestamp && ready?.status !== 'False'
      })
    return usable.flatMap(({ spec }) => spec?.cidrs ?? []).flatMap((text) => parseCidr(text) ?? [])
  }
}

function outside(asked: string, range: Cidr | undefined): AddressError {
  const text = range ? formatCidr(range) : ''
  return new AddressError(`the provided IP (${asked}) is not in the valid range. The range of valid IPs is ${text}`)
}

function parsed(text: string): Cidr {
  const cidr = parseCidr(text)
  if (!cidr) throw new Error(`not a CIDR: ${text}`)
  return cidr
}

/** The family of an address or block. */
export function familyOf({ version }: { readonly version: 4 | 6 }): IpFamily {
  return version === 4 ? 'IPv4' : 'IPv6'
}

/** The addresses that may be given: not the network's own, and not an IPv4 network's broadcast address. */
function hostsOf(range: Cidr): { first: bigint; last: bigint } {
  const { first, last } = cidrRange(range)
  return { first: first + 1n, last: range.version === 4 ? last - 1n : last }
}

function isHost(range: Cidr, { value }: IpAddress): boolean {
  const { first, last } = hostsOf(range)
  return value >= first && value <= last
}

function addresses(registry: Registry): ServedResource | undefined {
  return registry.resources.find('networking.k8s.io', 'v1', 'ipaddresses')
}

/** Creates the IPAddress; false when it exists. */
async function create(registry: Registry, ip: IpAddress, owner: AddressOwner): Promise<boolean> {
  const resource = addresses(registry)
  if (!resource) return true
  const name = formatIp(ip)
  const object: IPAddress & KubeObject = {
    kind: 'IPAddress',
    apiVersion: apiVersionOf(resource.definition),
    metadata: {
      name,
      uid: uuid(registry.env.random),
      creationTimestamp: timestamp(registry.env.clock.now()),
      generation: 1,
      labels: { [FAMILY_LABEL]: familyOf(ip), [MANAGER_LABEL]: MANAGER },
    },
    spec: { parentRef: { group: '', resource: 'services', namespace: owner.namespace, name: owner.name } },
  }
  const value = resource.codec.encode(object)
  const { ok } = await registry.store.write({ key: storageKey(resource.definition, '', name), value, expect: 0 })
  return ok
}

import { cidrRange, formatIp, parseCidr } from '../../lib/ip.ts'

/** Addresses of a range, handed out lowest first and taken again when they are given back. */
export class AddressPool {
  readonly #version: 4 | 6
  readonly #last: bigint
  readonly #free: string[] = []
  #next: bigint

  /** `range`: such as `10.128.0.0/9`. */
  constructor(range: string) {
    const cidr = parseCidr(range)
    if (!cidr) throw new Error(`${JSON.stringify(range)} is no range of addresses`)
    const { first, last } = cidrRange(cidr)
    this.#version = cidr.version
    // The range's own address, the gateway's and the broadcast are nobody's.
    this.#next = first + 2n
    this.#last = last - 1n
  }

  /** Throws when all are taken. */
  take(): string {
    const free = this.#free.pop()
    if (free !== undefined) return free
    if (this.#next > this.#last) throw new Error('no pod address is left')
    return formatIp({ version: this.#version, value: this.#next++ })
  }

  giveBack(address: string): void {
    this.#free.push(address)
  }
}

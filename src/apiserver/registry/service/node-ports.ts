import type { Service } from '../../../api/generated/types/core/v1.ts'
import type { Frozen } from '../../../apimachinery/meta.ts'
import type { Random } from '../../../lib/random.ts'
import { rangeOffset, roundFrom } from './offset-range.ts'

/** Why a port cannot be given, in upstream's words. */
export class PortError extends Error {}

/** An inclusive range of ports, 30000-32767 unless told. */
export interface PortRange {
  readonly first: number
  readonly last: number
}

export const DEFAULT_NODE_PORTS: PortRange = { first: 30000, last: 32767 }

const BANDS = { least: 16, most: 128, share: 32 }

/** The node ports in use. Rebuilt from the stored Services when the server starts. */
export class NodePorts {
  readonly #range: PortRange
  readonly #random: Random
  readonly #used = new Set<number>()

  constructor(range: PortRange, random: Random) {
    this.#range = range
    this.#random = random
  }

  /** Takes a port that is asked for; a dry run is not held to the range. Throws PortError. */
  take(port: number, dryRun: boolean): void {
    const { first, last } = this.#range
    if (!dryRun && (port < first || port > last)) {
      throw new PortError(`provided port is not in the valid range. The range of valid ports is ${first}-${last}`)
    }
    if (this.#used.has(port)) throw new PortError('provided port is already allocated')
    this.#used.add(port)
  }

  /** Takes any free port. Throws PortError when there is none. */
  takeNext(): number {
    const { first, last } = this.#range
    const size = last - first + 1
    const offset = rangeOffset(size, BANDS)
    const port = this.#free(first + offset, last + 1) ?? this.#free(first, first + offset)
    if (port === undefined) throw new PortError('range is full')
    this.#used.add(port)
    return port
  }

  /** Notes a port of a stored Service, whatever its range. */
  note(port: number): void {
    this.#used.add(port)
  }

  release(port: number): void {
    this.#used.delete(port)
  }

  #free(from: number, to: number): number | undefined {
    if (to <= from) return undefined
    const start = from + Math.floor(this.#random.next() * (to - from))
    for (const port of roundFrom(from, to, start)) if (!this.#used.has(port)) return port
    return undefined
  }
}

/** The node ports of a Service, its health check's included. */
export function nodePortsOf({ spec }: Frozen<Service>): number[] {
  const ports = (spec?.ports ?? []).map(({ nodePort }) => nodePort ?? 0)
  return [...ports, spec?.healthCheckNodePort ?? 0].filter((port) => port > 0)
}

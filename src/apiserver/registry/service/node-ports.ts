import type { Service } from '../../../api/generated/types/core/v1.ts'
import { timestamp, type Frozen } from '../../../apimachinery/meta.ts'
import type { Random } from '../../../lib/random.ts'
import type { Registry } from '../served.ts'
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

/** Below it a key for each port that is taken. (Upstream keeps one bitmap for all at this place, which all Services would wait for.) */
export const NODE_PORT_PREFIX = '/registry/ranges/servicenodeports/'

const encoder = new TextEncoder()
const decoder = new TextDecoder()

/** A port that is taken, and since when. */
export interface TakenPort {
  readonly port: number
  readonly sinceMs: number
  readonly modRevision: number
}

/** Gives node ports. One is taken by creating its key, so the store decides between competitors, whichever server they asked. */
export class NodePorts {
  readonly #range: PortRange
  readonly #random: Random

  constructor(range: PortRange, random: Random) {
    this.#range = range
    this.#random = random
  }

  /** Takes a port that is asked for; a dry run only checks, and is not held to the range. Throws PortError. */
  async take(registry: Registry, port: number, dryRun: boolean): Promise<void> {
    const { first, last } = this.#range
    if (!dryRun && (port < first || port > last)) {
      throw new PortError(`provided port is not in the valid range. The range of valid ports is ${first}-${last}`)
    }
    const free = dryRun ? !(await registry.store.get(keyOf(port))) : await this.note(registry, port)
    if (!free) throw new PortError('provided port is already allocated')
  }

  /** Takes any free port but those in `not`; `dryRun` only finds one. Throws PortError when there is none. */
  async takeNext(registry: Registry, dryRun: boolean, not: readonly number[]): Promise<number> {
    const { first, last } = this.#range
    const used = new Set([...not, ...(await this.all(registry)).map(({ port }) => port)])
    const offset = rangeOffset(last - first + 1, BANDS)
    for (const [from, to] of [
      [first + offset, last + 1],
      [first, first + offset],
    ] as const) {
      if (to <= from) continue
      const start = from + Math.floor(this.#random.next() * (to - from))
      for (const port of roundFrom(from, to, start)) {
        if (!used.has(port) && (dryRun || (await this.note(registry, port)))) return port
      }
    }
    throw new PortError('range is full')
  }

  /** Takes a port, whatever the range; false when it is taken already. */
  async note(registry: Registry, port: number): Promise<boolean> {
    const value = encoder.encode(JSON.stringify({ port, since: timestamp(registry.env.clock.now()) }))
    return (await registry.store.write({ key: keyOf(port), value, expect: 0 })).ok
  }

  /** The ports that are taken, as far as this server knows. */
  async all(registry: Registry): Promise<TakenPort[]> {
    const { entries } = await registry.store.range(NODE_PORT_PREFIX, { stale: true })
    return entries.map(({ value, modRevision }) => {
      const { port, since } = JSON.parse(decoder.decode(value)) as { port: number; since: string }
      return { port, sinceMs: Date.parse(since), modRevision }
    })
  }

  /** Gives a port back; only if it was taken at `expect`, when that is told. */
  async release(registry: Registry, port: number, expect?: number): Promise<void> {
    await registry.store.write({ key: keyOf(port), value: null, ...(expect !== undefined && { expect }) })
  }
}

function keyOf(port: number): string {
  return NODE_PORT_PREFIX + port
}

/** The node ports of a Service, its health check's included. */
export function nodePortsOf({ spec }: Frozen<Service>): number[] {
  const ports = (spec?.ports ?? []).map(({ nodePort }) => nodePort ?? 0)
  return [...ports, spec?.healthCheckNodePort ?? 0].filter((port) => port > 0)
}

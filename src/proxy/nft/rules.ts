import type { HostPort } from '../plan/host-ports.ts'
import type { ServicePort } from '../plan/service-ports.ts'
import { ruleset, type MapName, type Ruleset, type TableOptions } from './ruleset.ts'
import { changeScript, fullScript } from './transaction.ts'

/** What one object (a Service, or a pod with host ports) contributes. */
export interface Contribution {
  readonly ports?: readonly ServicePort[]
  readonly hostPorts?: readonly HostPort[]
}

/**
 * The rules that stand in the kernel, by the object they come from, so that a change costs no more than the object it concerns. Where two
 * objects claim one address and port, the first keeps it.
 */
export class Rules {
  readonly #options: TableOptions
  readonly #standing = new Map<string, Ruleset>()
  readonly #claims = new Map<string, string>()

  constructor(options: TableOptions) {
    this.#options = options
  }

  /** A script that replaces everything by these contributions. */
  replaceAll(contributions: ReadonlyMap<string, Contribution>): string {
    this.#standing.clear()
    this.#claims.clear()
    let script = fullScript(this.#options, EMPTY)
    for (const [key, contribution] of contributions) script += this.replace(key, contribution)
    return script
  }

  /** A script that replaces what `key` contributes; empty when it stays the same. Undefined removes it. */
  replace(key: string, contribution: Contribution | undefined): string {
    const now = this.#standing.get(key) ?? EMPTY
    const asked = contribution ? ruleset(this.#options, contribution.ports ?? [], contribution.hostPorts ?? []) : EMPTY
    const wanted = { ...asked, elements: this.#claim(key, asked.elements) }
    this.#release(key, now, wanted)
    if (wanted.chains.size === 0 && countElements(wanted) === 0) this.#standing.delete(key)
    else this.#standing.set(key, wanted)
    return changeScript(this.#options, now, wanted)
  }

  #claim(key: string, elements: Ruleset['elements']): Map<MapName, ReadonlyMap<string, string>> {
    const granted = new Map<MapName, ReadonlyMap<string, string>>()
    for (const [map, entries] of elements) {
      const mine = new Map([...entries].filter(([element]) => (this.#claims.get(claimOf(map, element)) ?? key) === key))
      for (const element of mine.keys()) this.#claims.set(claimOf(map, element), key)
      granted.set(map, mine)
    }
    return granted
  }

  #release(key: string, now: Ruleset, wanted: Ruleset): void {
    for (const [map, entries] of now.elements) {
      for (const element of entries.keys()) {
        const claim = claimOf(map, element)
        if (!wanted.elements.get(map)?.has(element) && this.#claims.get(claim) === key) this.#claims.delete(claim)
      }
    }
  }
}

const EMPTY: Ruleset = { chains: new Map(), sets: new Map(), elements: new Map() }

function claimOf(map: MapName, element: string): string {
  return `${map} ${element}`
}

function countElements(rules: Ruleset): number {
  let count = 0
  for (const entries of rules.elements.values()) count += entries.size
  return count
}

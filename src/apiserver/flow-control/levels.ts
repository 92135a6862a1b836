import type { Frozen } from '../../apimachinery/meta.ts'
import { MANDATORY_FLOW_SCHEMAS, MANDATORY_PRIORITY_LEVELS } from '../../api/flowcontrol/v1/mandatory.ts'
import type { FlowSchema, PriorityLevelConfiguration } from '../../api/generated/types/flowcontrol/v1.ts'
import type { Clock } from '../../lib/clock.ts'
import { Lru } from '../../lib/lru.ts'
import { allocate } from './allocation.ts'
import { Classifier } from './classify.ts'
import { isSound, Level } from './level.ts'
import type { Gate } from './queue-set.ts'
import { FlowSeries } from './series.ts'

/** How often seats are lent anew. */
export const ADJUSTMENT_MS = 10_000
/** Flows of a FlowSchema whose queues are remembered. */
const FLOWS = 4096

/** A FlowSchema whose priority level exists. */
export interface Schema {
  readonly object: Frozen<FlowSchema>
  readonly level: Level
  readonly series: FlowSeries
  /** The queues of each flow. */
  readonly hands: Lru<string, readonly number[]>
}

export interface LevelsOptions {
  readonly clock: Clock
  readonly gate: Gate
  /** How many requests the server answers at a time. */
  readonly serverSeats: number
}

/** What FlowSchemas and PriorityLevelConfigurations come to. Changes take effect without a restart. */
export class Levels {
  readonly #clock: Clock
  readonly #gate: Gate
  readonly #serverSeats: number
  readonly #series = new Map<string, FlowSeries>()
  #levels = new Map<string, Level>()
  #named: ReadonlySet<string> = new Set()
  #classifier: Classifier<Schema>
  #adjustedMs: number
  fairFraction = 0

  constructor({ clock, gate, serverSeats }: LevelsOptions) {
    this.#clock = clock
    this.#gate = gate
    this.#serverSeats = serverSeats
    this.#adjustedMs = clock.monotonic()
    this.#classifier = this.digest([], [])
  }

  get classifier(): Classifier<Schema> {
    return this.#classifier
  }

  /** By name. */
  all(): Level[] {
    return [...this.#levels.values()].sort((a, b) => (a.name < b.name ? -1 : 1))
  }

  series(): Iterable<FlowSeries> {
    return this.#series.values()
  }

  /** How many requests may be at work, and wait, at most. */
  bounds(): { readonly executing: number; readonly waiting: number } {
    const levels = [...this.#levels.values()]
    return { executing: sum(levels, ({ nominal }) => nominal), waiting: sum(levels, ({ mostWaiting }) => mostWaiting) }
  }

  /** Whether there is an object of this name that makes a level. */
  has(name: string): boolean {
    return this.#named.has(name)
  }

  /** Takes all objects on, as they are now. */
  digest(
    objects: readonly Frozen<PriorityLevelConfiguration>[],
    schemas: readonly Frozen<FlowSchema>[],
  ): Classifier<Schema> {
    const before = this.#levels
    const sound = objects.filter(isSound)
    this.#levels = new Map()
    this.#named = new Set(sound.map(({ metadata }) => metadata.name ?? ''))
    for (const object of sound) this.#take(object, before)
    for (const [name, spec] of MANDATORY_PRIORITY_LEVELS) {
      if (!this.#levels.has(name)) this.#take({ metadata: { name }, spec }, before)
    }
    const wanted = this.#schemas(schemas)
    this.#keepBusy(before)
    this.#divide()
    const fallback = wanted.findLast(({ object }) => object.metadata.name === 'catch-all') ?? wanted.at(-1)
    if (!fallback) throw new Error('there is always a FlowSchema catch-all')
    return (this.#classifier = new Classifier(wanted, fallback))
  }

  /** Lends seats anew, by what was wanted of late. */
  adjust(): void {
    const now = this.#clock.monotonic()
    const periods = Math.max(1, Math.round((now - this.#adjustedMs) / ADJUSTMENT_MS))
    this.#adjustedMs = now
    for (const level of this.#levels.values()) level.observe(now, periods - 1)
    this.#lend()
  }

  #take(object: Frozen<PriorityLevelConfiguration>, before: ReadonlyMap<string, Level>): void {
    const name = object.metadata.name ?? ''
    const level = before.get(name) ?? new Level(object, this.#clock, this.#gate)
    level.object = object
    level.quiescing = false
    this.#levels.set(name, level)
  }

  #schemas(objects: readonly Frozen<FlowSchema>[]): Schema[] {
    const there = new Set(objects.map(({ metadata }) => metadata.name))
    const missing = [...MANDATORY_FLOW_SCHEMAS].filter(([name]) => !there.has(name))
    const all = [...objects, ...missing.map(([name, spec]): Frozen<FlowSchema> => ({ metadata: { name }, spec }))]
    return all.toSorted(byPrecedence).flatMap((object) => {
      const name = object.metadata.name ?? ''
      const level = this.#levels.get(object.spec.priorityLevelConfiguration.name)
      return level ? [{ object, level, series: this.#seriesOf(name, level.name), hands: new Lru(FLOWS) }] : []
    })
  }

  #seriesOf(schema: string, level: string): FlowSeries {
    const key = `${schema}\0${level}`
    const known = this.#series.get(key) ?? new FlowSeries(schema, level)
    this.#series.set(key, known)
    return known
  }

  /** Levels that nobody wants any more stay as long as requests of theirs wait or are at work. */
  #keepBusy(before: ReadonlyMap<string, Level>): void {
    for (const [name, level] of before) {
      if (this.#levels.has(name) || level.set.idle) continue
      level.quiescing = true
      this.#levels.set(name, level)
    }
  }

  #divide(): void {
    const levels = [...this.#levels.values()]
    const shares = levels.reduce((sum, level) => sum + level.shares, 0)
    const now = this.#clock.monotonic()
    for (const level of levels) {
      level.divide(this.#serverSeats, shares)
      level.observe(now, 0)
    }
    this.#lend()
  }

  /** Exempt levels take what they want; the others share the rest (KEP-1040, "Dispatching"). */
  #lend(): void {
    const levels = [...this.#levels.values()]
    const limited = levels.filter(({ exempt }) => !exempt)
    const total = sum(levels, ({ nominal }) => nominal)
    const left = total - sum(levels, ({ exempt, leastNow }) => (exempt ? leastNow : 0))
    const seats = this.#seatsOf(limited, total, left)
    for (const level of levels) if (level.exempt) level.configure(level.leastNow)
    for (const [i, level] of limited.entries()) level.configure(seats[i] ?? level.current)
  }

  #seatsOf(limited: readonly Level[], total: number, left: number): number[] {
    const least = sum(limited, (level) => level.least)
    const leastNow = sum(limited, (level) => level.leastNow)
    for (const level of limited) level.target = Math.max(level.leastNow, level.demand.smoothed)
    this.fairFraction = 0
    if (left <= least) return limited.map((level) => level.least)
    if (left <= leastNow) {
      const part = (left - least) / (leastNow - least)
      return limited.map((level) => level.least + Math.round((level.leastNow - level.least) * part))
    }
    const shares = limited.map((level) => ({ lowest: level.leastNow, highest: level.most, target: level.target }))
    const found = allocate(total, shares)
    if (!found) return limited.map((level) => level.current)
    this.fairFraction = found.fairFraction
    return found.seats.map((seats) => Math.round(seats))
  }
}

function byPrecedence(a: Frozen<FlowSchema>, b: Frozen<FlowSchema>): number {
  const difference = (a.spec.matchingPrecedence ?? 0) - (b.spec.matchingPrecedence ?? 0)
  if (difference !== 0) return difference
  return (a.metadata.name ?? '') < (b.metadata.name ?? '') ? -1 : 1
}

function sum<T>(items: readonly T[], of: (item: T) => number): number {
  return items.reduce((total, item) => total + of(item), 0)
}

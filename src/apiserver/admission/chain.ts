import type { Clock } from '../../lib/clock.ts'
import type { MaybePromise } from '../../store/store.ts'
import type { Metric, Metrics, Series } from '../metrics/metrics.ts'
import { PluginMetrics, type StepType } from './metrics.ts'
import type { ResourceTable } from '../resource-table.ts'
import type { AdmissionAttributes, AdmissionPlugin, CreateAsServer, Operation, SecondRound } from './types.ts'

/** A plugin, and where its times are kept. */
interface Step {
  readonly plugin: AdmissionPlugin
  readonly times: Times
}

/** Plugins in order, sorted once by operation so that a request touches only those that care. */
export class AdmissionChain {
  readonly #plugins: readonly AdmissionPlugin[]
  readonly #mutating: ReadonlyMap<Operation, readonly Step[]>
  readonly #validating: ReadonlyMap<Operation, readonly Step[]>
  readonly #clock: Pick<Clock, 'monotonic'>
  readonly #whole: Readonly<Record<StepType, ReadonlyMap<Operation, Times>>>
  readonly #summaries: Readonly<Record<StepType, ReadonlyMap<Operation, Times>>>

  constructor(plugins: readonly AdmissionPlugin[], metrics: Metrics, clock: Pick<Clock, 'monotonic'>) {
    const counts = new PluginMetrics(metrics)
    const steps = (type: StepType, own: readonly AdmissionPlugin[]): ReadonlyMap<Operation, readonly Step[]> =>
      byOperation((operation) =>
        own
          .filter((plugin) => plugin.handles(operation))
          .map((plugin) => ({ plugin, times: new Times(counts.plugin, plugin.name, type, operation) })),
      )
    const whole = (type: StepType): ReadonlyMap<Operation, Times> =>
      byOperation((operation) => new Times(counts.step, type, operation))
    const summaries = (type: StepType): ReadonlyMap<Operation, Times> =>
      byOperation((operation) => new Times(counts.summary, type, operation))
    this.#plugins = plugins
    this.#clock = clock
    this.#mutating = steps(
      'admit',
      plugins.filter((plugin) => plugin.mutate),
    )
    this.#validating = steps(
      'validate',
      plugins.filter((plugin) => plugin.validate),
    )
    this.#whole = { admit: whole('admit'), validate: whole('validate') }
    this.#summaries = { admit: summaries('admit'), validate: summaries('validate') }
  }

  /** Tells plugins what is served, and how to make what is missing. */
  initialize(resources: ResourceTable, create: CreateAsServer): void {
    for (const plugin of this.#plugins) plugin.initialize?.(resources, create)
  }

  /** Whether nobody looks at this operation, so that attributes need not be made. */
  idle(operation: Operation): boolean {
    return !this.#mutating.get(operation)?.length && !this.#validating.get(operation)?.length
  }

  async mutate(attributes: AdmissionAttributes): Promise<void> {
    const steps = this.#mutating.get(attributes.operation) ?? []
    let again: Map<AdmissionPlugin, SecondRound> | undefined
    let needed = false
    await this.#timed('admit', attributes.operation, steps, ({ plugin }) => {
      const running = plugin.mutate?.(attributes)
      if (!running) return undefined
      const note = (second: SecondRound | void): void => {
        if (!second) return
        again ??= new Map()
        again.set(plugin, second)
        needed ||= second.needed
      }
      return running instanceof Promise ? running.then(note) : note(running)
    })
    if (!needed) return
    await this.#timed('admit', attributes.operation, steps, ({ plugin }) => {
      const second = again?.get(plugin)
      const running = second ? second.run() : plugin.mutate?.(attributes)
      return running instanceof Promise ? running.then(() => undefined) : undefined
    })
  }

  async validate(attributes: AdmissionAttributes): Promise<void> {
    const steps = this.#validating.get(attributes.operation) ?? []
    await this.#timed('validate', attributes.operation, steps, ({ plugin }) => plugin.validate?.(attributes))
  }

  /** Each step after the other; one look at the clock between two of them. */
  async #timed(
    type: StepType,
    operation: Operation,
    steps: readonly Step[],
    run: (step: Step) => MaybePromise<void>,
  ): Promise<void> {
    const start = this.#clock.monotonic()
    let before = start
    let rejected = true
    let running: Step | undefined
    try {
      for (const step of steps) {
        running = step
        const waiting = run(step)
        if (waiting) await waiting
        const now = this.#clock.monotonic()
        step.times.observe(now - before, false)
        before = now
      }
      rejected = false
    } finally {
      const end = rejected ? this.#clock.monotonic() : before
      if (rejected) running?.times.observe(end - before, true)
      this.#whole[type].get(operation)?.observe(end - start, rejected)
      this.#summaries[type].get(operation)?.observe(end - start, rejected)
    }
  }
}

/** What counts times. */
type Timing = Series & { observe(value: number): void }

/** The times of one thing, told apart by whether requests were refused. */
class Times {
  readonly #metric: Metric<Timing>
  readonly #labels: readonly string[]
  #passed: Timing | undefined
  #refused: Timing | undefined

  constructor(metric: Metric<Timing>, ...labels: readonly string[]) {
    this.#metric = metric
    this.#labels = labels
  }

  observe(ms: number, rejected: boolean): void {
    const series = rejected
      ? (this.#refused ??= this.#metric.of(...this.#labels, 'true'))
      : (this.#passed ??= this.#metric.of(...this.#labels, 'false'))
    series.observe(ms / 1000)
  }
}

const OPERATIONS: readonly Operation[] = ['CREATE', 'UPDATE', 'DELETE', 'CONNECT']

function byOperation<T>(of: (operation: Operation) => T): ReadonlyMap<Operation, T> {
  return new Map(OPERATIONS.map((operation) => [operation, of(operation)]))
}

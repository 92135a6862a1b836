export type Stability = 'ALPHA' | 'BETA' | 'STABLE' | ''

/** What a metric is called and says, as upstream has it. */
export interface MetricOptions {
  readonly name: string
  readonly help: string
  /** How much upstream promises of it, printed before the help; nothing is for what Prometheus' own libraries tell. */
  readonly stability?: Stability
  /** The names of its labels, in the order that values are given in. */
  readonly labels?: readonly string[]
}

export interface HistogramOptions extends MetricOptions {
  /** Upper bounds, rising; without +Inf. */
  readonly buckets: readonly number[]
}

/** What all series of one metric have in common. */
export interface MetricFamily {
  readonly type: string
  readonly stability: Stability
  /** By name. */
  readonly labels: readonly string[]
  /** Of a histogram. */
  readonly buckets: readonly number[]
}

/** Whoever prints lines of the text format beside what is registered. */
export type Collector = () => Iterable<string> | Promise<Iterable<string>>

/**
 * The metrics of a process, in Prometheus' text format. Whoever counts keeps the series that it needs: `const refused = counter.of('node')`,
 * then `refused.inc()`, which costs an addition.
 */
export class Metrics {
  readonly #metrics = new Map<string, Metric<Series>>()
  readonly #collectors: Collector[] = []
  readonly #before: (() => void | Promise<void>)[] = []

  counter(options: MetricOptions): Metric<Counter> {
    return this.#add(options, 'counter', () => new Counter())
  }

  gauge(options: MetricOptions): Metric<Gauge> {
    return this.#add(options, 'gauge', () => new Gauge())
  }

  histogram(options: HistogramOptions): Metric<Histogram> {
    return this.#add(options, 'histogram', () => new Histogram(options.buckets))
  }

  summary(options: MetricOptions): Metric<Summary> {
    return this.#add(options, 'summary', () => new Summary())
  }

  /** Adds what is done before metrics are read, such as counting what is not counted all the time. */
  before(prepare: () => void | Promise<void>): void {
    this.#before.push(prepare)
  }

  /** Adds what prints its own lines. */
  collect(collector: Collector): void {
    this.#collectors.push(collector)
  }

  /** What is registered, whether anything has been counted or not. What collectors print is not known. */
  families(): ReadonlyMap<string, MetricFamily> {
    return new Map([...this.#metrics].map(([name, metric]) => [name, metric.family]))
  }

  /** All of them, by name. */
  async text(): Promise<string> {
    await Promise.all(this.#before.map(async (prepare) => prepare()))
    const names = [...this.#metrics.keys()].sort()
    const own = names.flatMap((name) => this.#metrics.get(name)?.lines() ?? [])
    const others = await Promise.all(this.#collectors.map(async (collector) => [...(await collector())]))
    return `${[...own, ...others.flat()].join('\n')}\n`
  }

  #add<S extends Series>(options: MetricOptions, type: string, make: () => S): Metric<S> {
    if (this.#metrics.has(options.name)) throw new Error(`there are two metrics named ${options.name}`)
    const metric = new Metric(options, type, make)
    this.#metrics.set(options.name, metric)
    return metric
  }
}

/** Series that one metric may have; what comes later is counted together, so that no client can make series without end. */
const MAX_SERIES = 10_000
const OVERFLOW = 'other'

/** One metric with all its series, one for each combination of its labels' values. */
export class Metric<S extends Series> {
  readonly #options: MetricOptions & Partial<HistogramOptions>
  readonly #type: string
  readonly #make: () => S
  readonly #series = new Map<string, S>()

  constructor(options: MetricOptions & Partial<HistogramOptions>, type: string, make: () => S) {
    this.#options = options
    this.#type = type
    this.#make = make
    if ((options.labels ?? []).length === 0) this.of()
  }

  get family(): MetricFamily {
    const { stability = 'ALPHA', labels = [], buckets = [] } = this.#options
    return { type: this.#type, stability, labels: labels.toSorted(), buckets }
  }

  /** The series of these values of the labels. */
  of(...values: readonly string[]): S {
    const key = this.#labels(values)
    const known = this.#series.get(key)
    if (known) return known
    if (this.#series.size >= MAX_SERIES && values.some((value) => value !== OVERFLOW))
      return this.of(...values.map(() => OVERFLOW))
    const made = this.#make()
    this.#series.set(key, made)
    return made
  }

  /** Forgets a series, such as that of an object that is gone. */
  delete(...values: readonly string[]): void {
    this.#series.delete(this.#labels(values))
  }

  /** Forgets all of them. */
  clear(): void {
    this.#series.clear()
  }

  lines(): string[] {
    const { name, help, stability = 'ALPHA' } = this.#options
    if (this.#series.size === 0) return []
    const series = [...this.#series].sort(([a], [b]) => (a < b ? -1 : 1))
    return [
      ...heading(name, this.#type, stability, help),
      ...series.flatMap(([labels, one]) => one.lines(name, labels)),
    ]
  }

  /** As they are printed: by the labels' names. */
  #labels(values: readonly string[]): string {
    const names = this.#options.labels ?? []
    if (values.length !== names.length) throw new Error(`${this.#options.name} has labels ${names.join()}`)
    return labelsText(names.map((label, index) => [label, values[index] ?? '']))
  }
}

/** What stands before the series of a metric. */
export function heading(name: string, type: string, stability: Stability, help: string): string[] {
  return [`# HELP ${name} ${stability && `[${stability}] `}${help}`, `# TYPE ${name} ${type}`]
}

/** Labels as they are printed: by name. */
export function labelsText(labels: readonly (readonly [name: string, value: string])[]): string {
  return labels
    .map(([name, value]) => `${name}="${escaped(value)}"`)
    .sort()
    .join()
}

/** What one combination of labels holds. */
export interface Series {
  lines(name: string, labels: string): string[]
}

export class Counter implements Series {
  #value = 0

  inc(by = 1): void {
    this.#value += by
  }

  lines(name: string, labels: string): string[] {
    return [`${name}${braced(labels)} ${this.#value}`]
  }
}

export class Gauge implements Series {
  #value = 0

  set(value: number): void {
    this.#value = value
  }

  inc(by = 1): void {
    this.#value += by
  }

  dec(by = 1): void {
    this.#value -= by
  }

  lines(name: string, labels: string): string[] {
    return [`${name}${braced(labels)} ${this.#value}`]
  }
}

export class Histogram implements Series {
  readonly #bounds: readonly number[]
  readonly #counts: number[]
  /** How many values were counted. */
  count = 0
  #sum = 0

  constructor(bounds: readonly number[]) {
    this.#bounds = bounds
    this.#counts = Array.from({ length: bounds.length + 1 }, () => 0)
  }

  /** Counts a value, or the same one several times. */
  observe(value: number, times = 1): void {
    this.count += times
    this.#sum += value * times
    let bucket = 0
    while (bucket < this.#bounds.length && value > (this.#bounds[bucket] ?? Infinity)) bucket++
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + times
  }

  lines(name: string, labels: string): string[] {
    const before = labels === '' ? '' : `${labels},`
    let below = 0
    const buckets = [...this.#bounds, '+Inf'].map((most, index) => {
      below += this.#counts[index] ?? 0
      return `${name}_bucket{${before}le="${bound(most)}"} ${below}`
    })
    return [...buckets, `${name}_sum${braced(labels)} ${this.#sum}`, `${name}_count${braced(labels)} ${below}`]
  }
}

/** The latest values of a summary that its quantiles are of. */
const KEPT = 1000
const QUANTILES = [0.5, 0.9, 0.99]

/** Half, nine tenths and 99 hundredths of the latest values are no more than what it tells; all are in its sum and its count. */
export class Summary implements Series {
  readonly #latest: number[] = []
  #sum = 0
  #count = 0

  observe(value: number): void {
    this.#latest[this.#count++ % KEPT] = value
    this.#sum += value
  }

  lines(name: string, labels: string): string[] {
    const sorted = this.#latest.toSorted((a, b) => a - b)
    const before = labels === '' ? '' : `${labels},`
    const quantiles = QUANTILES.map((part) => {
      const value = sorted[Math.ceil(part * sorted.length) - 1]
      return `${name}{${before}quantile="${part}"} ${value ?? 'NaN'}`
    })
    return [...quantiles, `${name}_sum${braced(labels)} ${this.#sum}`, `${name}_count${braced(labels)} ${this.#count}`]
  }
}

/** As Go prints it: small and large ones with an exponent. */
function bound(most: number | string): string {
  if (typeof most === 'string' || most === 0 || (most >= 1e-4 && most < 1e6)) return String(most)
  return most.toExponential().replace(/e([+-])(\d)$/, 'e$10$2')
}

function braced(labels: string): string {
  return labels === '' ? '' : `{${labels}}`
}

function escaped(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')
}

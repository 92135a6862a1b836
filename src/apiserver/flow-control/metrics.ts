import type { Level } from './level.ts'
import type { Levels } from './levels.ts'
import type { FlowSeries, Histogram } from './series.ts'

type Sample = readonly [labels: string, value: number]

const PREFIX = 'apiserver_flowcontrol_'

/** What upstream tells of API priority and fairness, under the same names. */
export function* flowMetrics(levels: Levels): Iterable<string> {
  const all = levels.all()
  const series = [...levels.series()]
  for (const [name, help, value] of LEVEL_GAUGES) {
    yield* metric(
      name,
      'gauge',
      help,
      all.map((level): Sample => [labelsOf({ priority_level: level.name }), value(level)]),
    )
  }
  yield* metric('seat_fair_frac', 'gauge', 'The fraction of their target that levels get.', [['', levels.fairFraction]])
  for (const [name, type, help, value] of SERIES) {
    yield* metric(
      name,
      type,
      help,
      series.map((one): Sample => [flowLabels(one), value(one)]),
    )
  }
  yield* metric(
    'rejected_requests_total',
    'counter',
    'Requests turned away.',
    series.flatMap((one) => [...one.rejected].map(([reason, n]): Sample => [flowLabels(one, { reason }), n])),
  )
  for (const [name, help, of] of HISTOGRAMS)
    yield* histograms(
      name,
      help,
      series.flatMap((one) => of(one)),
    )
}

const LEVEL_GAUGES: readonly (readonly [string, string, (level: Level) => number])[] = [
  ['nominal_limit_seats', 'Seats of each priority level by its configuration.', ({ nominal }) => nominal],
  ['request_concurrency_limit', 'Seats of each priority level by its configuration.', ({ nominal }) => nominal],
  ['lower_limit_seats', 'Seats that each priority level has at least.', ({ least }) => least],
  ['upper_limit_seats', 'Seats that each priority level has at most.', ({ most }) => most],
  ['current_limit_seats', 'Seats that each priority level has for now.', ({ current }) => current],
  ['target_seats', 'Seats that each priority level would like.', ({ target }) => target],
  ['demand_seats_high_watermark', 'Most seats wanted at a time in the last period.', ({ demand }) => demand.highest],
  ['demand_seats_average', 'Seats wanted on average in the last period.', ({ demand }) => demand.average],
  [
    'demand_seats_stdev',
    'Standard deviation of the seats wanted in the last period.',
    ({ demand }) => demand.deviation,
  ],
  ['demand_seats_smoothed', 'Seats wanted, over time.', ({ demand }) => demand.smoothed],
  ['current_r', 'Seat-seconds that each queue had so far.', ({ set }) => set.currentR],
]

const SERIES: readonly (readonly [string, 'counter' | 'gauge', string, (series: FlowSeries) => number])[] = [
  ['dispatched_requests_total', 'counter', 'Requests sent to work.', ({ dispatched }) => dispatched],
  ['current_inqueue_requests', 'gauge', 'Requests in queues.', ({ inQueue }) => inQueue],
  ['current_inqueue_seats', 'gauge', 'Seats wanted by requests in queues.', ({ inQueueSeats }) => inQueueSeats],
  ['current_executing_requests', 'gauge', 'Requests at work.', ({ executing }) => executing],
  ['current_executing_seats', 'gauge', 'Seats taken.', ({ executingSeats }) => executingSeats],
  ['request_concurrency_in_use', 'gauge', 'Seats taken.', ({ executingSeats }) => executingSeats],
  [
    'request_dispatch_no_accommodation_total',
    'counter',
    'Times that the next request had to wait for more seats.',
    ({ noAccommodation }) => noAccommodation,
  ],
]

const HISTOGRAMS: readonly (readonly [
  string,
  string,
  (series: FlowSeries) => readonly (readonly [string, Histogram])[],
])[] = [
  [
    'request_wait_duration_seconds',
    'How long requests waited.',
    (one) => Object.entries(one.waits).map(([execute, histogram]) => [flowLabels(one, { execute }), histogram]),
  ],
  [
    'request_execution_seconds',
    'How long requests were at work.',
    (one) => Object.entries(one.executions).map(([type, histogram]) => [flowLabels(one, { type }), histogram]),
  ],
  ['request_queue_length_after_enqueue', 'Length of queues.', (one) => [[flowLabels(one), one.queueLengths]]],
  ['watch_count_samples', 'Watches that see a write.', (one) => [[flowLabels(one), one.watchCounts]]],
  ['work_estimated_seats', 'Seats that requests were thought to need.', (one) => [[flowLabels(one), one.seats]]],
]

function flowLabels({ schema, level }: FlowSeries, more: Readonly<Record<string, string>> = {}): string {
  return labelsOf({ ...more, flow_schema: schema, priority_level: level })
}

/** In alphabetical order, as upstream. */
function labelsOf(labels: Readonly<Record<string, string>>): string {
  return Object.entries(labels)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${name}=${JSON.stringify(value)}`)
    .join()
}

function* metric(name: string, type: string, help: string, samples: readonly Sample[]): Iterable<string> {
  if (samples.length === 0) return
  yield `# HELP ${PREFIX}${name} ${help}`
  yield `# TYPE ${PREFIX}${name} ${type}`
  for (const [labels, value] of samples) yield `${PREFIX}${name}${labels === '' ? '' : `{${labels}}`} ${value}`
}

function* histograms(name: string, help: string, all: readonly (readonly [string, Histogram])[]): Iterable<string> {
  const observed = all.filter(([, { count }]) => count > 0)
  if (observed.length === 0) return
  yield `# HELP ${PREFIX}${name} ${help}`
  yield `# TYPE ${PREFIX}${name} histogram`
  for (const [labels, { bounds, counts, count, sum }] of observed) {
    let below = 0
    for (const [i, bound] of bounds.entries()) {
      below += counts[i] ?? 0
      yield `${PREFIX}${name}_bucket{${labels},le="${bound}"} ${below}`
    }
    yield `${PREFIX}${name}_bucket{${labels},le="+Inf"} ${count}`
    yield `${PREFIX}${name}_sum{${labels}} ${sum}`
    yield `${PREFIX}${name}_count{${labels}} ${count}`
  }
}

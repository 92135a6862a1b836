import type { Level } from './level.ts'
import type { Levels } from './levels.ts'
import { heading, labelsText, type Histogram, type Series, type Stability } from '../metrics/metrics.ts'
import type { FlowSeries } from './series.ts'

type Sample = readonly [labels: string, value: number]

const PREFIX = 'apiserver_flowcontrol_'

/** What upstream tells of API priority and fairness, under the same names. */
export function* flowMetrics(levels: Levels): Iterable<string> {
  const all = levels.all()
  const series = [...levels.series()]
  for (const [name, stability, help, value] of LEVEL_GAUGES) {
    const samples = all.map((level): Sample => [labelsOf({ priority_level: level.name }), value(level)])
    yield* metric({ name, type: 'gauge', stability, help }, samples)
  }
  const fraction = { name: 'seat_fair_frac', type: 'gauge', stability: 'ALPHA', help: SEAT_FAIR_FRACTION } as const
  yield* metric(fraction, [['', levels.fairFraction]])
  for (const [name, type, stability, help, value] of SERIES) {
    const samples = series.map((one): Sample => [flowLabels(one), value(one)])
    yield* metric({ name, type, stability, help }, samples)
  }
  const rejected = series.flatMap((one) =>
    [...one.rejected].map(([reason, n]): Sample => [flowLabels(one, { reason }), n]),
  )
  yield* metric(
    { name: 'rejected_requests_total', type: 'counter', stability: 'BETA', help: 'Requests turned away.' },
    rejected,
  )
  for (const [name, stability, help, of] of HISTOGRAMS) {
    const observed = series.flatMap((one) => of(one)).filter(([, { count }]) => count > 0)
    yield* histograms({ name, stability, help }, observed)
  }
  for (const [name, help, of] of UTILIZATION) {
    const parts = all.flatMap((level) => of(level).map(([labels, part]) => [labelsOf(labels), part] as const))
    yield* histograms({ name, stability: '', help }, parts)
  }
}

const SEAT_FAIR_FRACTION = 'The fraction of their target that levels get.'

const LEVEL_GAUGES: readonly (readonly [string, Stability, string, (level: Level) => number])[] = [
  ['nominal_limit_seats', 'BETA', 'Seats of each priority level by its configuration.', ({ nominal }) => nominal],
  ['lower_limit_seats', 'ALPHA', 'Seats that each priority level has at least.', ({ least }) => least],
  ['upper_limit_seats', 'ALPHA', 'Seats that each priority level has at most.', ({ most }) => most],
  ['current_limit_seats', 'ALPHA', 'Seats that each priority level has for now.', ({ current }) => current],
  ['target_seats', 'ALPHA', 'Seats that each priority level would like.', ({ target }) => target],
  [
    'demand_seats_high_watermark',
    'ALPHA',
    'Most seats wanted at a time in the last period.',
    ({ demand }) => demand.highest,
  ],
  ['demand_seats_average', 'ALPHA', 'Seats wanted on average in the last period.', ({ demand }) => demand.average],
  [
    'demand_seats_stdev',
    'ALPHA',
    'Standard deviation of the seats wanted in the last period.',
    ({ demand }) => demand.deviation,
  ],
  ['demand_seats_smoothed', 'ALPHA', 'Seats wanted, over time.', ({ demand }) => demand.smoothed],
  ['current_r', 'ALPHA', 'Seat-seconds that each queue had so far.', ({ set }) => set.currentR],
]

const SERIES: readonly (readonly [
  name: string,
  type: 'counter' | 'gauge',
  stability: Stability,
  help: string,
  value: (series: FlowSeries) => number,
])[] = [
  ['dispatched_requests_total', 'counter', 'BETA', 'Requests sent to work.', ({ dispatched }) => dispatched],
  ['current_inqueue_requests', 'gauge', 'BETA', 'Requests in queues.', ({ inQueue }) => inQueue],
  [
    'current_inqueue_seats',
    'gauge',
    'ALPHA',
    'Seats wanted by requests in queues.',
    ({ inQueueSeats }) => inQueueSeats,
  ],
  ['current_executing_requests', 'gauge', 'BETA', 'Requests at work.', ({ executing }) => executing],
  ['current_executing_seats', 'gauge', 'BETA', 'Seats taken.', ({ executingSeats }) => executingSeats],
  [
    'request_dispatch_no_accommodation_total',
    'counter',
    'ALPHA',
    'Times that the next request had to wait for more seats.',
    ({ noAccommodation }) => noAccommodation,
  ],
]

const HISTOGRAMS: readonly (readonly [
  name: string,
  stability: Stability,
  help: string,
  of: (series: FlowSeries) => readonly (readonly [string, Histogram])[],
])[] = [
  [
    'request_wait_duration_seconds',
    'BETA',
    'How long requests waited.',
    (one) => Object.entries(one.waits).map(([execute, histogram]) => [flowLabels(one, { execute }), histogram]),
  ],
  [
    'request_execution_seconds',
    'ALPHA',
    'How long requests were at work.',
    (one) => Object.entries(one.executions).map(([type, histogram]) => [flowLabels(one, { type }), histogram]),
  ],
  ['request_queue_length_after_enqueue', 'ALPHA', 'Length of queues.', (one) => [[flowLabels(one), one.queueLengths]]],
  ['watch_count_samples', 'ALPHA', 'Watches that see a write.', (one) => [[flowLabels(one), one.watchCounts]]],
  [
    'work_estimated_seats',
    'ALPHA',
    'Seats that requests were thought to need.',
    (one) => [[flowLabels(one), one.seats]],
  ],
]

type Labels = Readonly<Record<string, string>>

/** Upstream says nothing of how stable these are. */
const UTILIZATION: readonly (readonly [
  name: string,
  help: string,
  of: (level: Level) => readonly (readonly [Labels, Series])[],
])[] = [
  [
    'demand_seats',
    'Seats wanted of those that a level has by its configuration, each nanosecond.',
    ({ name, use }) => [[{ priority_level: name }, use.demand]],
  ],
  [
    'priority_level_request_utilization',
    'Requests of those that may wait, or be at work, each nanosecond.',
    ({ name, use }) => [
      [{ phase: 'executing', priority_level: name }, use.executing],
      [{ phase: 'waiting', priority_level: name }, use.waiting],
    ],
  ],
  [
    'priority_level_seat_utilization',
    'Seats taken of those that a level has, each nanosecond.',
    ({ name, use }) => [[{ phase: 'executing', priority_level: name }, use.seats]],
  ],
]

function flowLabels({ schema, level }: FlowSeries, more: Labels = {}): string {
  return labelsOf({ ...more, flow_schema: schema, priority_level: level })
}

function labelsOf(labels: Labels): string {
  return labelsText(Object.entries(labels))
}

interface Head {
  readonly name: string
  readonly stability: Stability
  readonly help: string
}

function* metric(
  { name, type, stability, help }: Head & { readonly type: 'counter' | 'gauge' },
  samples: readonly Sample[],
): Iterable<string> {
  if (samples.length === 0) return
  yield* heading(PREFIX + name, type, stability, help)
  for (const [labels, value] of samples) yield `${PREFIX}${name}${labels === '' ? '' : `{${labels}}`} ${value}`
}

function* histograms(
  { name, stability, help }: Head,
  all: readonly (readonly [labels: string, Series])[],
): Iterable<string> {
  if (all.length === 0) return
  yield* heading(PREFIX + name, 'histogram', stability, help)
  for (const [labels, histogram] of all) yield* histogram.lines(PREFIX + name, labels)
}

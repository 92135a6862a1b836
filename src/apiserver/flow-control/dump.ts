import type { Call } from '../request/call.ts'
import type { Route } from '../routes/routes.ts'
import type { Answer } from '../registry/answer.ts'
import type { Clock } from '../../lib/clock.ts'
import type { FlowRequest } from './flow-request.ts'
import type { Level } from './level.ts'
import type { Levels } from './levels.ts'
import { workOf } from './queue-set.ts'

const PATH = '/debug/api_priority_and_fairness'

type Row = readonly (string | number | boolean)[]

/** Upstream's tables of what waits and what is at work, one row for each level, queue or request. */
export function dumpRoutes(levels: Levels, clock: Clock): Route[] {
  return [
    {
      path: `${PATH}/dump_priority_levels`,
      unlisted: true,
      answer: () => table([LEVEL_COLUMNS, ...levels.all().map(levelRow)]),
    },
    {
      path: `${PATH}/dump_queues`,
      unlisted: true,
      answer: () => table([QUEUE_COLUMNS, ...levels.all().flatMap(queueRows)]),
    },
    { path: `${PATH}/dump_requests`, unlisted: true, answer: ({ query }) => requestTable(levels, query, clock) },
  ]
}

const LEVEL_COLUMNS: Row = [
  'PriorityLevelName',
  'ActiveQueues',
  'IsIdle',
  'IsQuiescing',
  'WaitingRequests',
  'ExecutingRequests',
  'DispatchedRequests',
  'RejectedRequests',
  'TimedoutRequests',
  'CancelledRequests',
]

function levelRow({ name, set, quiescing }: Level): Row {
  const active = set.queues.filter(({ waiting }) => waiting.size > 0).length
  const counts = [set.waiting, set.executing.size, set.dispatched, set.rejected, 0, set.cancelled]
  return [name, active, set.idle, quiescing, ...counts]
}

const QUEUE_COLUMNS: Row = [
  'PriorityLevelName',
  'Index',
  'PendingRequests',
  'ExecutingRequests',
  'SeatsInUse',
  'NextDispatchR',
  'InitialSeatsSum',
  'MaxSeatsSum',
  'TotalWorkSum',
]

function queueRows({ name, set, object }: Level): Row[] {
  // Where nobody may wait for a seat, there is but the line for the thread.
  if (!object.spec.limited?.limitResponse?.queuing) return []
  return set.queues.map(({ waiting, executing, seatsInUse, nextDispatchR }, index) => {
    const works = [...waiting].map(({ work }) => work)
    const initial = works.reduce((sum, { initialSeats }) => sum + initialSeats, 0)
    const most = works.reduce((sum, { initialSeats, finalSeats }) => sum + Math.max(initialSeats, finalSeats), 0)
    const total = works.reduce((sum, work) => sum + workOf(work), 0)
    return [
      name,
      index,
      waiting.size,
      executing,
      seatsInUse,
      seatSeconds(nextDispatchR),
      initial,
      most,
      seatSeconds(total),
    ]
  })
}

function seatSeconds(value: number): string {
  return `${value.toFixed(8)}ss`
}

const REQUEST_COLUMNS: Row = [
  'PriorityLevelName',
  'FlowSchemaName',
  'QueueIndex',
  'RequestIndexInQueue',
  'FlowDistingsher',
  'ArriveTime',
  'InitialSeats',
  'FinalSeats',
  'AdditionalLatency',
  'StartTime',
]
const DETAIL_COLUMNS: Row = [
  'UserName',
  'Verb',
  'APIPath',
  'Namespace',
  'Name',
  'APIVersion',
  'Resource',
  'SubResource',
]

function requestTable(levels: Levels, query: URLSearchParams, clock: Clock): Answer {
  const detailed = Boolean(query.get('includeRequestDetails'))
  const epoch = clock.now() - clock.monotonic()
  const row = (level: Level, queue: number, index: number, request: FlowRequest): Row => [
    ...requestRow(level, queue, index, request, epoch),
    ...(detailed ? detailsOf(request.call) : []),
  ]
  const rows = levels.all().flatMap((level) => {
    const { queues, executing } = level.set
    const waiting = queues.flatMap((queue, at) => [...queue.waiting].map((request, i) => row(level, at, i, request)))
    const working = [...executing].map((request) =>
      row(level, request.queue ? queues.indexOf(request.queue) : -1, -1, request),
    )
    return [...waiting, ...working]
  })
  return table([[...REQUEST_COLUMNS, ...(detailed ? DETAIL_COLUMNS : [])], ...rows])
}

// One row of a table: naming the parameters would make it six lines.
function requestRow({ name }: Level, queue: number, index: number, request: FlowRequest, epoch: number): Row {
  const { initialSeats, finalSeats, additionalMs } = request.work
  const time = (ms: number | undefined): string =>
    ms === undefined ? '0001-01-01T00:00:00Z' : new Date(epoch + ms).toISOString()
  const flow = [name, request.series.schema, queue, index, request.distinguisher, time(request.arrivedMs)]
  return [...flow, initialSeats, finalSeats, additionalMs === 0 ? '0s' : `${additionalMs}ms`, time(request.startedMs)]
}

function detailsOf({ user, info }: Call): Row {
  const version = info.group === '' ? info.version : `${info.group}/${info.version}`
  return [user.name, info.verb, info.path, info.namespace, info.name, version, info.resource, info.subresource]
}

/** Columns as wide as their widest cell, as Go's tabwriter makes them: at least eight, and one blank between. */
function table(rows: readonly Row[]): Answer {
  const cells = rows.map((row) => row.map((cell, i) => (i < row.length - 1 ? `${cell},` : String(cell))))
  const widths = (cells[0] ?? []).map((_, i) => Math.max(8, ...cells.map((row) => (row[i] ?? '').length + 1)))
  const lines = cells.map((row) =>
    row.map((cell, i) => (i < row.length - 1 ? cell.padEnd(widths[i] ?? 0) : cell)).join(''),
  )
  return {
    type: 'raw',
    status: 200,
    headers: { 'content-type': 'text/plain; charset=utf-8' },
    body: `${lines.join('\n')}\n`,
  }
}

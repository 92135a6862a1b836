import type { Call } from '../request/call.ts'
import { isTrue, type RequestInfo } from '../request/info.ts'
import { parseInteger } from '../request/query.ts'
import { ONE_SEAT, type Work } from './types.ts'

const MOST_LIST_SEATS = 100
const MOST_MUTATING_SEATS = 10
const BYTES_PER_SEAT = 100_000
/** What is sent as it is read takes no more memory than this. */
const STREAMED_BYTES = 1_000_000
/** What an object is taken for whose size is not known. */
const LARGEST_OBJECT_BYTES = 1_500_000
const WATCHES_PER_SEAT = 10
/** How long the events of a write keep one seat busy for each ten watches. */
const EVENT_MS = 5

/** How much there is of a resource. */
export interface ResourceStats {
  readonly count: number
  /** 0 when not known. */
  readonly averageBytes: number
}

export interface WorkSources {
  /** Undefined for what is not kept here. */
  statsOf(info: RequestInfo): ResourceStats | undefined
  /** How many watches see what the request may change. */
  watches(call: Call): number
  observeWatches(count: number): void
}

/** How much work a request is, as upstream estimates it. `mostSeats`: of the priority level; 0 for no limit of its own. */
export function estimateWork(call: Call, mostSeats: number, sources: WorkSources): Work {
  switch (call.info.verb) {
    case 'list':
    case 'watch':
      return listWork(call, limited(mostSeats, MOST_LIST_SEATS), sources)
    case 'create':
    case 'update':
    case 'patch':
    case 'delete':
      return mutatingWork(call, limited(mostSeats, MOST_MUTATING_SEATS), sources)
    default:
      return ONE_SEAT
  }
}

function limited(seats: number, most: number): number {
  return seats === 0 ? most : Math.min(seats, most)
}

/** By the bytes that are in memory at a time. A watch is one as far as it begins with what is there. */
function listWork({ info, query }: Call, most: number, { statsOf }: WorkSources): Work {
  const isWatch = info.verb === 'watch'
  const version = query.get('resourceVersion') ?? ''
  if (isWatch && !isTrue(query.get('sendInitialEvents')) && version !== '' && version !== '0') return ONE_SEAT
  const stats = statsOf(info)
  if (!stats) return ONE_SEAT
  const fromCache = isWatch || !readsHistory(query, version)
  const limit = parseInteger(query.get('limit') || '0')
  // It will be refused, and is not worth a closer look.
  if (typeof limit !== 'number') return seats(most)
  const shown = limit > 0 ? Math.min(limit, stats.count) : stats.count
  const selects = !fromCache && (query.has('fieldSelector') || query.has('labelSelector'))
  const loaded = info.name !== '' ? 1 : selects ? Math.max(shown, Math.floor(stats.count / 2)) : shown
  const bytes = loaded * (stats.averageBytes || LARGEST_OBJECT_BYTES)
  return seats(Math.min(Math.ceil((fromCache ? Math.min(bytes, STREAMED_BYTES) : bytes) / BYTES_PER_SEAT), most))
}

/** Whether upstream would ask etcd: for exact revisions and later pages. */
function readsHistory(query: URLSearchParams, version: string): boolean {
  const match = query.get('resourceVersionMatch') ?? ''
  if (match !== '') return match !== 'NotOlderThan'
  if (query.get('continue')) return true
  return Boolean(query.get('limit')) && query.get('limit') !== '0' && version !== '' && version !== '0'
}

function seats(count: number): Work {
  return count <= 1 ? ONE_SEAT : { initialSeats: count, finalSeats: 0, additionalMs: 0 }
}

/** Writes cost what their events cost, once there are some watches. */
function mutatingWork(call: Call, most: number, { watches, observeWatches }: WorkSources): Work {
  const { resource, subresource } = call.info
  if (resource === 'serviceaccounts' && subresource === 'token') return ONE_SEAT
  const count = watches(call)
  observeWatches(count)
  if (count < WATCHES_PER_SEAT) return ONE_SEAT
  const wanted = Math.ceil(count / WATCHES_PER_SEAT)
  const finalSeats = Math.min(wanted, most)
  return { initialSeats: 1, finalSeats, additionalMs: (wanted * EVENT_MS) / finalSeats }
}

/**
 * The part of etcd's v3 API (etcdserverpb/rpc.proto, mvccpb/kv.proto; etcd 3.4 and later) that the store speaks: the fields of each
 * message by name, with their numbers and types, and beside it the message as an interface. Absent numbers are 0, absent bytes empty.
 */

export type FieldType = 'bytes' | 'int' | 'bool' | 'text' | MessageType
export interface Field {
  readonly number: number
  readonly type: FieldType
  readonly repeated?: boolean
}
/** The fields of a message by their names. */
export interface MessageType {
  readonly [name: string]: Field
}

const int = (number: number): Field => ({ number, type: 'int' })
const bytes = (number: number): Field => ({ number, type: 'bytes' })
const bool = (number: number): Field => ({ number, type: 'bool' })
const text = (number: number): Field => ({ number, type: 'text' })
const one = (number: number, type: MessageType): Field => ({ number, type })
const many = (number: number, type: FieldType): Field => ({ number, type, repeated: true })

/** Who answers, and as of when. Ids are opaque; they may not fit a number. */
export interface Header {
  readonly clusterId: number | bigint
  readonly memberId: number | bigint
  readonly revision: number
  readonly raftTerm: number
}
const header: MessageType = { clusterId: int(1), memberId: int(2), revision: int(3), raftTerm: int(4) }

export interface KeyValue {
  readonly key: Uint8Array
  readonly createRevision: number
  readonly modRevision: number
  readonly version: number
  readonly value: Uint8Array
  readonly lease: number | bigint
}
const keyValue: MessageType = {
  key: bytes(1),
  createRevision: int(2),
  modRevision: int(3),
  version: int(4),
  value: bytes(5),
  lease: int(6),
}

export interface RangeRequest {
  readonly key: Uint8Array
  readonly rangeEnd?: Uint8Array
  readonly limit?: number
  readonly revision?: number
  readonly serializable?: boolean
  readonly keysOnly?: boolean
  readonly countOnly?: boolean
}
const rangeRequest: MessageType = {
  key: bytes(1),
  rangeEnd: bytes(2),
  limit: int(3),
  revision: int(4),
  serializable: bool(7),
  keysOnly: bool(8),
  countOnly: bool(9),
}
export interface RangeResponse {
  readonly header?: Header
  readonly kvs: readonly KeyValue[]
  readonly more: boolean
  readonly count: number
}
const rangeResponse: MessageType = { header: one(1, header), kvs: many(2, keyValue), more: bool(3), count: int(4) }

export interface PutRequest {
  readonly key: Uint8Array
  readonly value: Uint8Array
  readonly lease?: number | bigint
}
const putRequest: MessageType = { key: bytes(1), value: bytes(2), lease: int(3) }

export interface DeleteRangeRequest {
  readonly key: Uint8Array
  readonly rangeEnd?: Uint8Array
}
const deleteRangeRequest: MessageType = { key: bytes(1), rangeEnd: bytes(2) }

/** One of the fields. */
export interface RequestOp {
  readonly range?: RangeRequest
  readonly put?: PutRequest
  readonly deleteRange?: DeleteRangeRequest
}
const requestOp: MessageType = {
  range: one(1, rangeRequest),
  put: one(2, putRequest),
  deleteRange: one(3, deleteRangeRequest),
}
export interface ResponseOp {
  readonly range?: RangeResponse
}
const responseOp: MessageType = { range: one(1, rangeResponse) }

/** Compare.result and Compare.target. */
export const EQUAL = 0
export const GREATER = 1
export const VERSION = 0
export const MOD = 2

export interface Compare {
  readonly result: number
  readonly target: number
  readonly key: Uint8Array
  /** The target's value. A oneof: 0 is written too, or nothing would be compared. */
  readonly version?: number
  readonly modRevision?: number
}
const compare: MessageType = { result: int(1), target: int(2), key: bytes(3), version: int(4), modRevision: int(6) }

export interface TxnRequest {
  readonly compare: readonly Compare[]
  readonly success: readonly RequestOp[]
  readonly failure: readonly RequestOp[]
}
const txnRequest: MessageType = { compare: many(1, compare), success: many(2, requestOp), failure: many(3, requestOp) }
export interface TxnResponse {
  readonly header?: Header
  readonly succeeded: boolean
  readonly responses: readonly ResponseOp[]
}
const txnResponse: MessageType = { header: one(1, header), succeeded: bool(2), responses: many(3, responseOp) }

export interface CompactionRequest {
  readonly revision: number
  readonly physical?: boolean
}
const compactionRequest: MessageType = { revision: int(1), physical: bool(2) }
export interface HeaderResponse {
  readonly header?: Header
}
const headerResponse: MessageType = { header: one(1, header) }

export interface WatchRequest {
  readonly create?: {
    readonly key: Uint8Array
    readonly rangeEnd: Uint8Array
    readonly startRevision: number
    readonly progressNotify: boolean
    readonly fragment: boolean
  }
  readonly progress?: object
}
const watchRequest: MessageType = {
  create: one(1, {
    key: bytes(1),
    rangeEnd: bytes(2),
    startRevision: int(3),
    progressNotify: bool(4),
    fragment: bool(8),
  }),
  progress: one(3, {}),
}

/** Event.type. */
export const PUT = 0
export interface Event {
  readonly type: number
  readonly kv?: KeyValue
}
const event: MessageType = { type: int(1), kv: one(2, keyValue) }

export interface WatchResponse {
  readonly header?: Header
  readonly created: boolean
  readonly canceled: boolean
  readonly compactRevision: number
  readonly cancelReason: string
  /** More of the same follows. */
  readonly fragment: boolean
  readonly events: readonly Event[]
}
const watchResponse: MessageType = {
  header: one(1, header),
  created: bool(3),
  canceled: bool(4),
  compactRevision: int(5),
  cancelReason: text(6),
  fragment: bool(7),
  events: many(11, event),
}

export interface LeaseGrantRequest {
  /** Seconds. */
  readonly ttl: number
}
const leaseGrantRequest: MessageType = { ttl: int(1) }
export interface LeaseGrantResponse {
  readonly header?: Header
  readonly id: number | bigint
  readonly ttl: number
}
const leaseGrantResponse: MessageType = { header: one(1, header), id: int(2), ttl: int(3) }

export interface LeaseRequest {
  readonly id: number | bigint
}
const leaseRequest: MessageType = { id: int(1) }
export interface LeaseTimeToLiveResponse {
  readonly header?: Header
  /** Seconds; -1 when there is no such lease. */
  readonly ttl: number
}
const leaseTimeToLiveResponse: MessageType = { header: one(1, header), ttl: int(3) }
export interface LeasesResponse {
  readonly leases: readonly { readonly id: number | bigint }[]
}
const leasesResponse: MessageType = { leases: many(2, { id: int(1) }) }

export interface StatusResponse {
  readonly header?: Header
  readonly version: string
  readonly dbSize: number
  /** 0: it knows of none. */
  readonly leader: number | bigint
  readonly dbSizeInUse: number
}
const statusResponse: MessageType = {
  header: one(1, header),
  version: text(2),
  dbSize: int(3),
  leader: int(4),
  dbSizeInUse: int(9),
}

/** A call, and what goes each way. */
export interface Method<Request, Response> {
  readonly path: string
  readonly request: MessageType
  readonly response: MessageType
  /** No such property; it carries the types. */
  readonly types?: (request: Request) => Response
}

/** The calls in use. */
export const methods = {
  range: method<RangeRequest, RangeResponse>('KV/Range', rangeRequest, rangeResponse),
  put: method<PutRequest, HeaderResponse>('KV/Put', putRequest, headerResponse),
  deleteRange: method<DeleteRangeRequest, HeaderResponse>('KV/DeleteRange', deleteRangeRequest, headerResponse),
  txn: method<TxnRequest, TxnResponse>('KV/Txn', txnRequest, txnResponse),
  compact: method<CompactionRequest, HeaderResponse>('KV/Compact', compactionRequest, headerResponse),
  watch: method<WatchRequest, WatchResponse>('Watch/Watch', watchRequest, watchResponse),
  leaseGrant: method<LeaseGrantRequest, LeaseGrantResponse>('Lease/LeaseGrant', leaseGrantRequest, leaseGrantResponse),
  leaseRevoke: method<LeaseRequest, HeaderResponse>('Lease/LeaseRevoke', leaseRequest, headerResponse),
  leaseTimeToLive: method<LeaseRequest, LeaseTimeToLiveResponse>(
    'Lease/LeaseTimeToLive',
    leaseRequest,
    leaseTimeToLiveResponse,
  ),
  leases: method<object, LeasesResponse>('Lease/LeaseLeases', {}, leasesResponse),
  status: method<object, StatusResponse>('Maintenance/Status', {}, statusResponse),
} as const

function method<Request, Response>(
  path: string,
  request: MessageType,
  response: MessageType,
): Method<Request, Response> {
  return { path: `/etcdserverpb.${path}`, request, response }
}

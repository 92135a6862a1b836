/** The part of a DNS message that a handler decides on; adapters encode it. */
export interface Question {
  /** Lower case, without the final dot. */
  readonly name: string
  readonly type: string
}

export type ResponseCode = 'NOERROR' | 'NXDOMAIN' | 'SERVFAIL' | 'REFUSED' | 'NOTIMP' | 'FORMERR'

export type ResourceRecord =
  | {
      readonly type: 'A' | 'AAAA' | 'CNAME' | 'PTR' | 'NS'
      readonly name: string
      readonly ttl: number
      readonly data: string
    }
  | { readonly type: 'TXT'; readonly name: string; readonly ttl: number; readonly data: string }
  | { readonly type: 'SRV'; readonly name: string; readonly ttl: number; readonly data: ServiceTarget }
  | { readonly type: 'SOA'; readonly name: string; readonly ttl: number; readonly data: StartOfAuthority }

export interface ServiceTarget {
  readonly priority: number
  readonly weight: number
  readonly port: number
  readonly target: string
}

export interface StartOfAuthority {
  readonly mname: string
  readonly rname: string
  readonly serial: number
  readonly refresh: number
  readonly retry: number
  readonly expire: number
  readonly minimum: number
}

export interface Answer {
  readonly code: ResponseCode
  readonly authoritative: boolean
  readonly answers: readonly ResourceRecord[]
  readonly authorities: readonly ResourceRecord[]
  readonly additionals: readonly ResourceRecord[]
}

import { isIP } from 'node:net'
import { checkServerIdentity, type PeerCertificate } from 'node:tls'
import {
  Client,
  Metadata,
  credentials,
  status,
  type ChannelCredentials,
  type ChannelOptions,
  type ClientDuplexStream,
  type ServiceError,
} from '@grpc/grpc-js'
import { decode, encode } from './codec.ts'
import { EtcdError } from './error.ts'
import { methods, type Method, type WatchRequest, type WatchResponse } from './messages.ts'

/** Certificates in PEM. */
export interface EtcdTls {
  /** Who etcd's certificate must be signed by; the host's trusted ones when absent. */
  readonly ca?: Buffer
  /** The client's own certificate and its key. */
  readonly cert?: Buffer
  readonly key?: Buffer
}

/** An open watch stream. */
export interface WatchStream {
  send(request: WatchRequest): void
  /** Ends it; nothing is called any more. */
  close(): void
}

export interface WatchHandlers {
  onResponse(response: WatchResponse): void
  /** The stream has ended. */
  onEnd(error: EtcdError): void
}

/** Upstream's keep-alive of etcd connections. */
const KEEPALIVE = { time: 30_000, timeout: 10_000 }

const CHANNEL_OPTIONS = {
  'grpc.max_receive_message_length': -1,
  'grpc.max_send_message_length': -1,
  'grpc.keepalive_time_ms': KEEPALIVE.time,
  'grpc.keepalive_timeout_ms': KEEPALIVE.timeout,
  'grpc.initial_reconnect_backoff_ms': 100,
  'grpc.max_reconnect_backoff_ms': 2000,
  'grpc.enable_retries': 0,
  'grpc.service_config_disable_resolution': 1,
}

/** A connection to one member. It connects when it is first used, and again whenever the member has gone and come back. */
export class Connection {
  readonly endpoint: string
  readonly #client: Client
  readonly #plain = new Metadata()
  /** The member then ends a watch when it loses its leader, instead of falling silent (clientv3's WithRequireLeader). */
  readonly #requireLeader = new Metadata()

  /** `endpoint` is `http://host:port` or `https://host:port`. */
  constructor(endpoint: string, tls: EtcdTls = {}) {
    this.endpoint = endpoint
    const url = new URL(endpoint)
    this.#client = new Client(url.host, credentialsFor(url, tls), { ...CHANNEL_OPTIONS, ...namesFor(url) })
    this.#requireLeader.set('hasleader', 'true')
  }

  /** Fails with an EtcdError; of DEADLINE_EXCEEDED when `timeoutMs` pass. */
  call<Q extends object, R>(method: Method<Q, R>, request: Q, timeoutMs: number): Promise<R> {
    return new Promise((resolve, reject) => {
      this.#client.makeUnaryRequest(
        method.path,
        (message: Q) => encode(method.request, message),
        (bytes) => decode(method.response, bytes) as R,
        request,
        this.#plain,
        { deadline: wallClockMs() + timeoutMs },
        (error, response) => (response === undefined ? reject(etcdError(error)) : resolve(response)),
      )
    })
  }

  watch({ onResponse, onEnd }: WatchHandlers): WatchStream {
    const call: ClientDuplexStream<WatchRequest, WatchResponse> = this.#client.makeBidiStreamRequest(
      methods.watch.path,
      (message: WatchRequest) => encode(methods.watch.request, message),
      (bytes) => decode(methods.watch.response, bytes) as WatchResponse,
      this.#requireLeader,
    )
    let open = true
    const end = (error: EtcdError): void => {
      if (!open) return
      open = false
      onEnd(error)
    }
    call.on('data', (response: WatchResponse) => open && onResponse(response))
    call.on('error', (error: ServiceError) => end(etcdError(error)))
    call.on('end', () => end(new EtcdError('the watch stream has ended', status.UNAVAILABLE)))
    return {
      send: (request) => void call.write(request),
      close() {
        open = false
        call.cancel()
      },
    }
  }

  close(): void {
    this.#client.close()
  }
}

/** Resolved by gRPC itself; an address that is no URL is none of ours. */
function credentialsFor(url: URL, { ca, cert, key }: EtcdTls): ChannelCredentials {
  if (url.protocol === 'http:') return credentials.createInsecure()
  return credentials.createSsl(ca ?? null, key ?? null, cert ?? null, {
    checkServerIdentity: (_name, theirs) => checkServerIdentity(hostOf(url), theirs as PeerCertificate),
  })
}

/** An address may not be asked for by TLS' server name (RFC 6066, section 3): nothing is asked for then, and the address checked here. */
function namesFor(url: URL): ChannelOptions {
  return isIP(hostOf(url)) === 0 ? {} : { 'grpc.ssl_target_name_override': 'etcd', 'grpc.default_authority': url.host }
}

function hostOf({ hostname }: URL): string {
  return hostname.replace(/^\[|\]$/g, '')
}

/** gRPC deadlines are wall-clock dates; this adapter's are the only ones. */
function wallClockMs(): number {
  return performance.timeOrigin + performance.now()
}

function etcdError(error: ServiceError | null): EtcdError {
  if (!error) return new EtcdError('etcd sent no answer', status.INTERNAL)
  const { code, details } = error
  if (/^No connection established.*certificate/s.test(details)) return new EtcdError(details, status.UNAUTHENTICATED)
  const unsent = code === status.UNAVAILABLE && /^(No connection established|Name resolution failed)/.test(details)
  return new EtcdError(wordingOf(code, details), code, { cause: error, unsent })
}

/** etcd's own texts as they are; gRPC's as Go's client prints them. */
function wordingOf(code: number, details: string): string {
  if (details.startsWith('etcdserver: ')) return details
  if (code === status.DEADLINE_EXCEEDED) return 'context deadline exceeded'
  return `rpc error: code = ${CODES[code] ?? 'Unknown'} desc = ${details}`
}

const CODES: Readonly<Record<number, string>> = {
  [status.CANCELLED]: 'Canceled',
  [status.INVALID_ARGUMENT]: 'InvalidArgument',
  [status.NOT_FOUND]: 'NotFound',
  [status.PERMISSION_DENIED]: 'PermissionDenied',
  [status.RESOURCE_EXHAUSTED]: 'ResourceExhausted',
  [status.FAILED_PRECONDITION]: 'FailedPrecondition',
  [status.OUT_OF_RANGE]: 'OutOfRange',
  [status.UNIMPLEMENTED]: 'Unimplemented',
  [status.INTERNAL]: 'Internal',
  [status.UNAVAILABLE]: 'Unavailable',
  [status.UNAUTHENTICATED]: 'Unauthenticated',
}

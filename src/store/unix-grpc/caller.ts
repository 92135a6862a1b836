import { Client, Metadata, credentials, status, type ServiceError } from '@grpc/grpc-js'
import { decode, encode } from '../etcd/codec.ts'
import type { MessageType } from '../etcd/messages.ts'
import { RpcError } from './error.ts'

/** Told of each call, by its full method name. */
export type CallMeter = (method: string, seconds: number, code: string) => void

export interface CallerOptions {
  /** The path of the socket; `@name` is one of Linux' abstract ones. */
  readonly socket: string
  /** The full name: `v2.KeyManagementService`. */
  readonly service: string
  readonly timeoutMs: number
  /** Measures, in ms. */
  readonly monotonic: () => number
  readonly meter?: CallMeter | undefined
}

/** A method of the service. */
export interface Method {
  readonly name: string
  readonly request: MessageType
  readonly response: MessageType
}

/** Calls one service. */
export interface Caller {
  /** Rejects with an RpcError, also when there is no answer in time. */
  call<R>(method: Method, message: object, timeoutMs?: number): Promise<R>
  close(): void
}

const MAX_MESSAGE_BYTES = 4 * 2 ** 20

/** The service is connected to when it is there, and again whenever it has gone and come back; calls wait for it. */
export function unixCaller({ socket, service, timeoutMs, monotonic, meter }: CallerOptions): Caller {
  const path = socket.startsWith('@') ? `\0${socket.slice(1)}` : socket
  const client = new Client(`unix:${path}`, credentials.createInsecure(), {
    'grpc.default_authority': 'localhost',
    'grpc.max_receive_message_length': MAX_MESSAGE_BYTES,
    'grpc.initial_reconnect_backoff_ms': 100,
    'grpc.max_reconnect_backoff_ms': 2000,
    'grpc.enable_retries': 0,
  })
  const metadata = new Metadata({ waitForReady: true })
  return {
    call: <R>({ name, request, response }: Method, message: object, waitMs = timeoutMs) =>
      new Promise<R>((resolve, reject) => {
        const method = `/${service}/${name}`
        const begun = monotonic()
        const done = (error: ServiceError | null, answer?: object): void => {
          const code = error ? codeName(error.code) : 'OK'
          meter?.(method, (monotonic() - begun) / 1000, code)
          if (error) reject(new RpcError(code, error.details ?? error.message))
          else resolve(answer as R)
        }
        client.makeUnaryRequest(
          method,
          (sent: object) => encode(request, sent),
          (bytes) => decode(response, bytes),
          message,
          metadata,
          { deadline: performance.timeOrigin + performance.now() + waitMs },
          done,
        )
      }),
    close: () => client.close(),
  }
}

/** DEADLINE_EXCEEDED as Go prints it: DeadlineExceeded. */
function codeName(code: number): string {
  const name = status[code] ?? 'UNKNOWN'
  if (name === 'CANCELLED') return 'Canceled'
  return name
    .toLowerCase()
    .split('_')
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join('')
}

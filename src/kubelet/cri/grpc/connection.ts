import { Client, credentials, Metadata, status, type ServiceError } from '@grpc/grpc-js'
import { CriError, type CriCode } from '../error.ts'
import type { Method } from './codec.ts'

/** A connection to a runtime's socket. It connects by itself, and again whenever the runtime has gone and come back. */
export interface Connection {
  /** Fails with a CriError; DeadlineExceeded when `timeoutMs` pass. Waits for the runtime to come back until then when `wait`. */
  call(method: Method, request: object, options: CallOptions): Promise<object>
  /** Messages until `signal` aborts, which ends the iteration, or the call fails with a CriError. */
  stream(method: Method, request: object, signal: AbortSignal): AsyncIterable<object>
  close(): void
}

export interface CallOptions {
  /** 0: no limit. */
  readonly timeoutMs: number
}

const MAX_MESSAGE_BYTES = 16 * 1024 * 1024

/** Opens a connection to `endpoint`: `unix:///run/containerd/containerd.sock`, or the bare path. */
export function connect(endpoint: string): Connection {
  const target = `unix:${endpoint.replace(/^unix:(\/\/)?/, '')}`
  const client = new Client(target, credentials.createInsecure(), {
    'grpc.max_receive_message_length': MAX_MESSAGE_BYTES,
    'grpc.max_send_message_length': MAX_MESSAGE_BYTES,
    'grpc.initial_reconnect_backoff_ms': 100,
    'grpc.max_reconnect_backoff_ms': 3000,
    'grpc.enable_retries': 0,
  })
  return {
    call: (method, request, { timeoutMs }) =>
      new Promise((resolve, reject) => {
        client.makeUnaryRequest(
          method.path,
          method.encode,
          method.decode,
          request,
          new Metadata(),
          timeoutMs > 0 ? { deadline: new Date(deadline(timeoutMs)) } : {},
          (error, value) => (error ? reject(criError(error)) : resolve(value ?? {})),
        )
      }),
    stream: (method, request, signal) => streamOf(client, method, request, signal),
    close: () => client.close(),
  }
}

async function* streamOf(client: Client, method: Method, request: object, signal: AbortSignal): AsyncIterable<object> {
  if (signal.aborted) return
  const call = client.makeServerStreamRequest(method.path, method.encode, method.decode, request)
  const cancel = (): void => call.cancel()
  signal.addEventListener('abort', cancel, { once: true })
  try {
    for await (const message of call) yield message as object
  } catch (error) {
    if (!signal.aborted) throw criError(error as ServiceError)
  } finally {
    signal.removeEventListener('abort', cancel)
    call.cancel()
  }
}

/** gRPC deadlines are wall-clock dates; this adapter's are the only ones. */
function deadline(timeoutMs: number): number {
  return performance.timeOrigin + performance.now() + timeoutMs
}

/** Go's name for each code. */
const CODES: Readonly<Record<number, CriCode>> = {
  [status.CANCELLED]: 'Canceled',
  [status.INVALID_ARGUMENT]: 'InvalidArgument',
  [status.DEADLINE_EXCEEDED]: 'DeadlineExceeded',
  [status.NOT_FOUND]: 'NotFound',
  [status.ALREADY_EXISTS]: 'AlreadyExists',
  [status.PERMISSION_DENIED]: 'PermissionDenied',
  [status.RESOURCE_EXHAUSTED]: 'ResourceExhausted',
  [status.FAILED_PRECONDITION]: 'FailedPrecondition',
  [status.ABORTED]: 'Aborted',
  [status.OUT_OF_RANGE]: 'OutOfRange',
  [status.UNIMPLEMENTED]: 'Unimplemented',
  [status.INTERNAL]: 'Internal',
  [status.UNAVAILABLE]: 'Unavailable',
  [status.DATA_LOSS]: 'DataLoss',
  [status.UNAUTHENTICATED]: 'Unauthenticated',
}

function criError(error: ServiceError): CriError {
  return new CriError(CODES[error.code] ?? 'Unknown', error.details ?? error.message)
}

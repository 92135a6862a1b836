import { failure, type StatusReason } from '../apimachinery/status.ts'
import { TransportError, type ApiRequest, type ApiResponse, type RawWatchEvent } from '../client/index.ts'
import { MemoryStore } from '../store/memory/store.ts'
import { StoreError, type Write, type WriteResult } from '../store/store.ts'

/** Which requests go wrong, and how. */
export interface Fault {
  /** A substring of, or a pattern for, `METHOD /path?query`. Everything when absent. */
  readonly request?: string | RegExp
  /** Only requests of this user, such as `system:kube-scheduler` or `system:node:node-1`. */
  readonly user?: string
  /** How many times; for ever when absent. */
  readonly times?: number
  /** What the client gets: the server's refusal, or a broken connection after (`lost answer`) or before the server has seen the request. */
  readonly as: StatusReason | 'connection refused' | 'lost answer'
}

/** Which writes the store fails. */
export interface StoreFault {
  /** A substring of, or a pattern for, the key: `/registry/pods/default/web`. Every key when absent. */
  readonly key?: string | RegExp
  readonly times?: number
  /** What the store says. Default: no space left on device. */
  readonly message?: string
}

interface Armed<F> {
  readonly fault: F
  left: number
}

interface OpenWatch {
  readonly line: string
  readonly user: string
  readonly connection: AbortController
}

type Send = (request: ApiRequest) => Promise<ApiResponse>

/** Makes requests and writes fail, as they do between machines and on disks. */
export class Faults {
  readonly #requests: Armed<Fault>[] = []
  readonly #writes: Armed<StoreFault>[] = []
  readonly #watches = new Set<OpenWatch>()

  /** From now on requests like this fail; watches that are under way go on. Returns what ends it. */
  inject(fault: Fault): () => void {
    return arm(this.#requests, fault)
  }

  /** From now on the store fails to write keys like this. Returns what ends it. */
  failWrites(fault: StoreFault = {}): () => void {
    return arm(this.#writes, fault)
  }

  /** Breaks the connection of watches that are under way; all of them, or those a fault would hit. Clients take them up again. */
  cutWatches(which: Pick<Fault, 'request' | 'user'> = {}): void {
    for (const watch of this.#watches) if (hits(which, watch.line, watch.user)) watch.connection.abort()
  }

  /** Cuts a user off: nothing reaches the API server any more, and no watch goes on. Returns what ends it. */
  disconnect(user: string): () => void {
    const heal = this.inject({ user, as: 'connection refused' })
    this.cutWatches({ user })
    return heal
  }

  /** Lets everything pass again. */
  clear(): void {
    this.#requests.length = 0
    this.#writes.length = 0
  }

  /** @internal */
  async pass(request: ApiRequest, user: string, send: Send): Promise<ApiResponse> {
    const line = `${request.method} ${request.path}`
    const kind = take(this.#requests, (fault) => hits(fault, line, user))?.as
    if (kind === undefined) return isWatch(request) ? this.#watch(request, { line, user }, send) : send(request)
    if (kind === 'connection refused') throw new TransportError('connect ECONNREFUSED (injected)')
    if (kind === 'lost answer') {
      await send(request)
      throw new TransportError('socket hang up (injected)')
    }
    const { status } = failure(kind, 'injected fault')
    return { status: status.code ?? 500, headers: {}, body: status }
  }

  /** @internal Throws when this write is to fail. */
  checkWrite(key: string): void {
    const fault = take(this.#writes, (one) => one.key === undefined || includes(one.key, key))
    if (fault) throw new StoreError(fault.message ?? 'no space left on device (injected)')
  }

  /** A watch over a connection that can be cut. */
  async #watch(request: ApiRequest, who: Pick<OpenWatch, 'line' | 'user'>, send: Send): Promise<ApiResponse> {
    const connection = new AbortController()
    const { signal } = request
    const end = (): void => connection.abort()
    if (signal?.aborted) end()
    signal?.addEventListener('abort', end, { once: true })
    const response = await send({ ...request, signal: connection.signal })
    const { events } = response
    const close = (): void => signal?.removeEventListener('abort', end)
    if (!events) {
      close()
      return response
    }
    const watch = { ...who, connection }
    this.#watches.add(watch)
    const pass = async function* (this: Faults): AsyncGenerator<RawWatchEvent> {
      try {
        yield* events
        if (connection.signal.aborted && !signal?.aborted) throw new TransportError('read ECONNRESET (injected)')
      } finally {
        this.#watches.delete(watch)
        close()
      }
    }
    return { ...response, events: pass.call(this) }
  }
}

/** Whether the answer goes on for as long as both sides like. */
export function isWatch({ method, path }: ApiRequest): boolean {
  return method === 'GET' && /[?&]watch=(true|1)/.test(path)
}

/** A store in memory whose writes can be made to fail. */
export class FaultyStore extends MemoryStore {
  readonly #faults: Faults

  constructor(faults: Faults, options: ConstructorParameters<typeof MemoryStore>[0]) {
    super(options)
    this.#faults = faults
  }

  override async write(write: Write): Promise<WriteResult> {
    this.#faults.checkWrite(write.key)
    return super.write(write)
  }
}

function arm<F extends { readonly times?: number }>(list: Armed<F>[], fault: F): () => void {
  const armed = { fault, left: fault.times ?? Infinity }
  list.push(armed)
  return () => {
    armed.left = 0
    const at = list.indexOf(armed)
    if (at >= 0) list.splice(at, 1)
  }
}

function take<F>(list: readonly Armed<F>[], isHit: (fault: F) => boolean): F | undefined {
  const armed = list.find(({ fault, left }) => left > 0 && isHit(fault))
  if (!armed) return undefined
  armed.left--
  return armed.fault
}

function hits({ request, user }: Pick<Fault, 'request' | 'user'>, line: string, asking: string): boolean {
  if (user !== undefined && user !== asking) return false
  return request === undefined || includes(request, line)
}

function includes(pattern: string | RegExp, text: string): boolean {
  return typeof pattern === 'string' ? text.includes(pattern) : pattern.test(text)
}

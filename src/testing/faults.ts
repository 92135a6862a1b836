import { failure, type StatusReason } from '../apimachinery/status.ts'
import { TransportError, type ApiRequest, type ApiResponse } from '../client/index.ts'

/** Which requests go wrong, and how. */
export interface Fault {
  /** A substring of, or a pattern for, `METHOD /path?query`. Everything when absent. */
  readonly request?: string | RegExp
  /** Only requests of this user. */
  readonly user?: string
  /** How many times; for ever when absent. */
  readonly times?: number
  /** What the client gets: the server's refusal, or a broken connection after (`lost answer`) or before the server has seen the request. */
  readonly as: StatusReason | 'connection refused' | 'lost answer'
}

interface Armed {
  readonly fault: Fault
  left: number
}

/** Makes requests fail, as they do between machines. */
export class Faults {
  readonly #armed: Armed[] = []

  /** From now on requests like this fail. Returns how to end it. */
  inject(fault: Fault): () => void {
    const armed = { fault, left: fault.times ?? Infinity }
    this.#armed.push(armed)
    return () => {
      armed.left = 0
    }
  }

  /** Lets everything pass again. */
  clear(): void {
    this.#armed.length = 0
  }

  /** @internal */
  async pass(request: ApiRequest, user: string, send: () => Promise<ApiResponse>): Promise<ApiResponse> {
    const kind = this.#take(`${request.method} ${request.path}`, user)
    if (kind === undefined) return send()
    if (kind === 'connection refused') throw new TransportError('connect ECONNREFUSED (injected)')
    if (kind === 'lost answer') {
      await send()
      throw new TransportError('socket hang up (injected)')
    }
    const { status } = failure(kind, 'injected fault')
    return { status: status.code ?? 500, headers: {}, body: status }
  }

  #take(line: string, user: string): Fault['as'] | undefined {
    const armed = this.#armed.find(({ fault, left }) => left > 0 && matches(fault, line, user))
    if (!armed) return undefined
    armed.left--
    return armed.fault.as
  }
}

function matches({ request, user }: Fault, line: string, asking: string): boolean {
  if (user !== undefined && user !== asking) return false
  if (request === undefined) return true
  return typeof request === 'string' ? line.includes(request) : request.test(line)
}

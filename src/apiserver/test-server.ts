import { builtInResources } from '../api/index.ts'
import { PATCH_TYPES } from '../apimachinery/patch/patch.ts'
import type { KubeList, KubeObject } from '../apimachinery/meta.ts'
import { sleep, systemClock } from '../lib/clock.ts'
import { silentLogger } from '../lib/log.ts'
import { seededRandom } from '../lib/random.ts'
import { MemoryStore } from '../store/memory/store.ts'
import type { UserInfo } from './authn/types.ts'
import { alwaysAllow } from './authz/types.ts'
import { handle, type LocalEvent, type LocalResponse } from './inprocess/handle.ts'
import { type ApiServer, createApiServer } from './server.ts'
import type { ApiServerOptions } from './server-options.ts'

const ADMIN: UserInfo = { name: 'admin', groups: ['system:masters'] }

/** An API server over memory and short ways to talk to it, for tests. */
export class TestServer {
  readonly server: ApiServer

  constructor(options: Partial<ApiServerOptions> = {}) {
    const clock = options.env?.clock ?? systemClock
    this.server = createApiServer({
      store: new MemoryStore({ clock }),
      env: { clock, random: seededRandom(1), log: silentLogger },
      resources: builtInResources,
      authenticator: { authenticate: () => undefined },
      authorizer: alwaysAllow,
      admission: [],
      freeze: true,
      ...options,
    })
  }

  send(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<LocalResponse> {
    return handle(this.server, { method, path, headers, ...(body !== undefined && { body }) }, ADMIN)
  }

  /** Sends and demands a status code; the answer's body. */
  async expect<T = KubeObject>(status: number, method: string, path: string, body?: unknown): Promise<T> {
    const response = await this.send(method, path, body)
    demand(response, status)
    return response.body as T
  }

  /** Sends a patch (`json`, `merge`, `strategic`) and demands a status code. */
  async patch<T = KubeObject>(status: number, type: keyof typeof PATCH_TYPES, path: string, body: unknown): Promise<T> {
    const response = await this.send('PATCH', path, body, { 'content-type': PATCH_TYPES[type] })
    demand(response, status)
    return response.body as T
  }

  get<T = KubeObject>(path: string): Promise<T> {
    return this.expect<T>(200, 'GET', path)
  }

  list(path: string): Promise<KubeList<KubeObject>> {
    return this.expect(200, 'GET', path)
  }

  create<T = KubeObject>(path: string, body: unknown): Promise<T> {
    return this.expect<T>(201, 'POST', path, body)
  }

  /** Waits until an object of a watch is as wanted. */
  async until<T>(path: string, wanted: (object: T) => boolean): Promise<T> {
    const end = new AbortController()
    const { events } = await handle(this.server, { method: 'GET', path, signal: end.signal }, ADMIN)
    for await (const { object } of events ?? []) {
      if (!wanted(object as T)) continue
      end.abort()
      return object as T
    }
    throw new Error(`the watch of ${path} ended`)
  }

  /** Waits until something holds: it is asked again after each change of anything stored. */
  async eventually(holds: () => Promise<boolean>): Promise<void> {
    const { store } = this.server.registry
    let changed: () => void = () => {}
    const stop = store.watch('/registry/', store.revision, { onEvents: () => changed(), onError: () => changed() })
    try {
      for (;;) {
        const next = new Promise<void>((resolve) => (changed = resolve))
        if (await holds()) return
        await Promise.race([next, sleep(systemClock, 20)])
      }
    } finally {
      stop()
    }
  }

  /** The first `count` events of a watch as `TYPE name`. */
  async watch(path: string, count: number, during: () => Promise<unknown> = async () => {}): Promise<string[]> {
    const end = new AbortController()
    const response = await handle(this.server, { method: 'GET', path, signal: end.signal }, ADMIN)
    demand(response, 200)
    await during()
    const seen: string[] = []
    for await (const event of response.events ?? []) {
      seen.push(describe(event))
      if (seen.length === count) end.abort()
    }
    return seen
  }
}

function demand({ status, body }: LocalResponse, wanted: number): void {
  if (status !== wanted) throw new Error(`answered ${status}, not ${wanted}: ${JSON.stringify(body)}`)
}

function describe({ type, object }: LocalEvent): string {
  const { metadata, message } = object as KubeObject & { message?: string }
  if (type === 'ERROR') return `ERROR ${message ?? ''}`
  return `${type} ${metadata.name ?? Object.keys(metadata.annotations ?? {}).join()}`.trim()
}

import { setImmediate } from 'node:timers/promises'
import type { ResourceQuota } from '../../api/generated/types/core/v1.ts'
import { GuardedServer } from '../../apiserver/guarded-server.suite.ts'
import { handle } from '../../apiserver/inprocess/handle.ts'
import { createClient } from '../../client/create-client.ts'
import type { Client } from '../../client/client.ts'
import { runControllers, type RunningControllers } from '../../client/harness/run.ts'
import { inProcessTransport } from '../../client/inprocess.ts'
import type { ApiResponse, RawWatchEvent, Transport } from '../../client/transport.ts'
import { VirtualClock } from '../../lib/clock.ts'
import { silentLogger } from '../../lib/log.ts'
import { seededRandom } from '../../lib/random.ts'
import { MemoryStore } from '../../store/memory/store.ts'
import { StoreError, type Store, type Write, type WriteResult } from '../../store/store.ts'
import { resourceQuotaController } from './controller.ts'

const MAPS = '/api/v1/namespaces/default/configmaps'
const COUNT = 'count/configmaps'

/** A create that was charged and that the store has not done yet. */
export interface Held {
  readonly key: string
  commit(): Promise<void>
  /** It does not happen, as when the server dies. */
  fail(): void
}

/**
 * A guarded API server and the quota controller in virtual time, with one quota of ConfigMaps. Whoever holds it decides when creates
 * reach the store, when the controller is told of objects, and how writes of quotas by the controller end.
 */
export class QuotaWorld {
  readonly clock = new VirtualClock()
  readonly limit: number
  readonly held: Held[] = []
  holding = false
  /** What becomes of the controller's next write: nobody tells it. */
  nextWrite: 'lost' | 'landed' | undefined
  #server!: GuardedServer
  #client!: Client
  #controllers!: RunningControllers
  #stopping = new AbortController()
  /** What the controller is told of objects waits for this. */
  #gate: PromiseWithResolvers<void> | undefined
  #made = 0

  private constructor(limit: number) {
    this.limit = limit
  }

  /** With a quota that has been counted, and so long ago that nothing can be under way from before. */
  static async start(limit: number): Promise<QuotaWorld> {
    const world = new QuotaWorld(limit)
    world.#server = await GuardedServer.start({ clock: world.clock, store: world.#holding() })
    const env = { clock: world.clock, random: seededRandom(7), log: silentLogger }
    const admin = { name: 'admin', groups: ['system:masters', 'system:authenticated'] }
    const direct = inProcessTransport(
      (request, user: typeof admin) => handle(world.#server.server, request, user),
      admin,
    )
    world.#client = createClient({ transport: world.#disturbed(direct), env, userAgent: 'test' })
    await world.#run()
    const hard = { [COUNT]: String(limit) }
    await world.#server.create('/api/v1/namespaces/default/resourcequotas', { metadata: { name: 'q' }, spec: { hard } })
    await world.advance(100_000)
    return world
  }

  /** Begins to create an object; the answer's code. */
  create(name = `m${this.#made++}`): Promise<number> {
    const body = { metadata: { name } }
    return this.#server.send('POST', MAPS, body).then(({ status }) => status)
  }

  async delete(name: string): Promise<void> {
    await this.#server.send('DELETE', `${MAPS}/${name}`)
  }

  async names(): Promise<string[]> {
    const list = await this.#server.get<{ items: { metadata: { name: string } }[] }>(MAPS)
    return list.items.map(({ metadata }) => metadata.name).filter((name) => /^m\d+$/.test(name))
  }

  async used(): Promise<number> {
    const quota = await this.#server.get<ResourceQuota>('/api/v1/namespaces/default/resourcequotas/q')
    return Number(quota.status?.used?.[COUNT])
  }

  /** The controller is told of no object any more, until `tell`. */
  silence(): void {
    this.#gate ??= Promise.withResolvers()
  }

  async tell(): Promise<void> {
    this.#gate?.resolve()
    this.#gate = undefined
    await this.settle()
  }

  /** The controller ends, and another begins that knows nothing. */
  async restart(): Promise<void> {
    await this.stop()
    this.#stopping = new AbortController()
    await this.#run()
  }

  async stop(): Promise<void> {
    this.#stopping.abort(new Error('stopped'))
    this.#gate?.resolve()
    this.#gate = undefined
    await this.#controllers.stopped
  }

  async settle(): Promise<void> {
    for (let quiet = 0; quiet < 6; quiet = this.#controllers.idle() ? quiet + 1 : 0) await setImmediate()
  }

  advance(ms: number): Promise<void> {
    return this.clock.advance(ms, () => this.settle())
  }

  async #run(): Promise<void> {
    const env = { clock: this.clock, random: seededRandom(7), log: silentLogger }
    const { signal } = this.#stopping
    this.#controllers = runControllers([resourceQuotaController()], { client: this.#client, env, signal, freeze: true })
    await this.#controllers.ready
    await this.settle()
  }

  #holding(): Store {
    const store = new MemoryStore({ clock: this.clock })
    const write = store.write.bind(store)
    store.write = (one) => {
      const isCreate = one.value !== null && one.expect === 0 && /\/configmaps\/default\/m\d+$/.test(one.key)
      return this.holding && isCreate ? this.#hold(one, write) : write(one)
    }
    return store
  }

  #hold(one: Write, write: (one: Write) => Promise<WriteResult>): Promise<WriteResult> {
    const { promise, resolve, reject } = Promise.withResolvers<WriteResult>()
    const held: Held = {
      key: one.key,
      commit: async () => {
        this.#release(held)
        resolve(await write(one))
      },
      fail: () => {
        this.#release(held)
        reject(new StoreError('the server died'))
      },
    }
    this.held.push(held)
    return promise
  }

  #release(held: Held): void {
    this.held.splice(this.held.indexOf(held), 1)
  }

  #disturbed(inner: Transport): Transport {
    return {
      steady: true,
      request: async (request) => {
        const ending = request.method === 'PUT' ? this.nextWrite : undefined
        if (ending) this.nextWrite = undefined
        if (ending === 'lost') throw new StoreError('nobody answers')
        const response = await inner.request(request)
        if (ending === 'landed') throw new StoreError('nobody answers')
        return request.path.includes('/configmaps') ? this.#late(response) : response
      },
    }
  }

  #late(response: ApiResponse): ApiResponse {
    const { events } = response
    if (!events) return response
    const gate = (): Promise<void> | undefined => this.#gate?.promise
    async function* late(from: AsyncIterable<RawWatchEvent>): AsyncGenerator<RawWatchEvent> {
      for await (const event of from) {
        await gate()
        yield event
      }
    }
    return { ...response, events: late(events) }
  }
}

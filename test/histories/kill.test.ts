import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { seededRandom } from '../../src/lib/random.ts'
import { Api, Lost, NotSent } from './api.ts'
import { Run } from './run.ts'
import { Victim } from './victim.ts'

/** SKIFF_KILLS=200 for a thorough run; SKIFF_SEED repeats when it is killed, not what it does then. */
const KILLS = Number(process.env['SKIFF_KILLS'] ?? 10)
const SEED = Number(process.env['SKIFF_SEED'] ?? Date.now() % 100_000)
/** What happens between two checks is kept in memory and looked at as a whole. */
const KILLS_A_ROUND = 10
const SERVICES = '/api/v1/namespaces/default/services'

test(
  `killed ${KILLS} times under load, the server keeps what it told (seed ${SEED})`,
  { timeout: KILLS * 60_000 },
  async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'skiff-kill-'))
    const victim = await Victim.start(folder)
    t.after(async () => {
      await victim.stop()
      rmSync(folder, { recursive: true, force: true })
    })
    const random = seededRandom(SEED)
    const services = new Services(() => victim.port)
    const figures = { kills: 0, operations: 0, watches: 0, events: 0, services: 0 }
    for (let round = 0; figures.kills < KILLS; round++) {
      const servers = { port: () => victim.port, back: () => victim.back() }
      const run = await Run.start(servers, { clients: 8, keys: 5, watches: 8, seed: SEED + round })
      const making = services.make(`r${round}`, () => victim.back())
      for (let i = 0; i < KILLS_A_ROUND && figures.kills < KILLS; i++, figures.kills++) {
        const target = run.steps + 20 + Math.floor(random.next() * 300)
        while (run.steps < target) await new Promise((resolve) => setTimeout(resolve, 1))
        await victim.killAndRestart(() => run.history.settle())
      }
      services.stop()
      await making
      await run.finish()
      await services.check()
      figures.operations += run.history.operations.length
      figures.watches += run.history.watches.length
      figures.events += run.history.watches.reduce((sum, { events }) => sum + events.length, 0)
      figures.services = services.count
      t.diagnostic(JSON.stringify(figures))
    }
  },
)

/** Makes and deletes Services while the server dies: their addresses and ports must stay theirs alone. */
class Services {
  readonly #api: Api
  /** The Services that were acknowledged and not asked to go, by name, with their addresses. */
  readonly #made = new Map<string, string>()
  #stopped = false
  count = 0

  constructor(port: () => number) {
    this.#api = new Api(port)
  }

  async make(prefix: string, back: () => Promise<void>): Promise<void> {
    this.#stopped = false
    for (let n = 0; !this.#stopped; n++) {
      const name = `${prefix}-${n}`
      try {
        await this.#makeOne(name)
        const old = `${prefix}-${n - 20}`
        if (this.#made.delete(old)) await this.#api.send('DELETE', `${SERVICES}/${old}`)
      } catch (error) {
        if (!(error instanceof NotSent || error instanceof Lost)) throw error
        await back()
      }
    }
  }

  async #makeOne(name: string): Promise<void> {
    const body = { metadata: { name }, spec: { type: 'NodePort', ports: [{ port: 80 }] } }
    const answer = await this.#api.send('POST', SERVICES, body)
    assert.equal(answer.status, 201, answer.body.message)
    this.#made.set(name, String(answer.body.spec?.['clusterIP']))
    this.count++
  }

  stop(): void {
    this.#stopped = true
  }

  async check(): Promise<void> {
    const { body } = await this.#api.send('GET', SERVICES)
    const specs = (body.items ?? []).map(({ metadata, spec }) => ({ name: metadata.name ?? '', spec }))
    const addresses = specs.map(({ spec }) => String(spec?.['clusterIP']))
    assert.equal(new Set(addresses).size, addresses.length, 'two Services with one address')
    const ports = specs.flatMap(({ spec }) =>
      ((spec?.['ports'] ?? []) as { nodePort?: number }[]).map((port) => port.nodePort ?? 0),
    )
    const taken = ports.filter((port) => port > 0)
    assert.equal(new Set(taken).size, taken.length, 'two Services with one node port')
    const there = new Map(specs.map(({ name, spec }) => [name, String(spec?.['clusterIP'])]))
    for (const [name, address] of this.#made) assert.equal(there.get(name), address, `${name} is gone, or has moved`)
    const kept = await this.#api.send('GET', '/apis/networking.k8s.io/v1/ipaddresses')
    const allocated = new Set((kept.body.items ?? []).map(({ metadata }) => metadata.name))
    for (const address of addresses) assert.ok(allocated.has(address), `nobody keeps ${address} from being given again`)
  }
}

import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import fc from 'fast-check'
import { systemClock } from '../../src/lib/clock.ts'
import { EtcdStore } from '../../src/store/etcd/store.ts'
import { noEtcd, startEtcd } from '../../src/store/etcd/testing/etcd-process.ts'
import { LmdbStore } from '../../src/store/lmdb/store.ts'
import { testFolder } from '../../src/store/lmdb/testing/folder.ts'
import type { Store } from '../../src/store/store.ts'
import { fuzz } from '../fuzz/runs.ts'
import { Api } from '../histories/api.ts'
import { serveApi } from '../histories/serve-api.ts'

const MAPS = '/api/v1/namespaces/default/configmaps'

/** An API server over a store of its own that can be started again. */
class Restartable {
  readonly api = new Api(() => this.#port)
  readonly #open: () => Promise<Store>
  #port = 0
  #stop: () => Promise<void> = () => Promise.resolve()

  private constructor(open: () => Promise<Store>) {
    this.#open = open
  }

  static async start(t: TestContext, open: () => Promise<Store>): Promise<Restartable> {
    const server = new Restartable(open)
    await server.#start()
    t.after(() => server.stop())
    return server
  }

  async restart(): Promise<void> {
    await this.stop()
    await this.#start()
  }

  stop(): Promise<void> {
    return this.#stop()
  }

  async #start(): Promise<void> {
    const store = await this.#open()
    const listener = await serveApi(store, 0)
    this.#port = listener.port
    this.#stop = () => listener.close().then(() => store.close())
  }
}

/** What was acknowledged: the newest revision of all, and each object's. */
interface Known {
  newest: number
  readonly objects: Map<string, number>
}

const nobody = (): Known => ({ newest: 0, objects: new Map() })
const revisionOf = (body: { readonly metadata: { readonly resourceVersion?: string } }): number =>
  Number(body.metadata.resourceVersion)

/** Writes an object, new or not. */
async function write({ api }: Restartable, name: string, value: string, known: Known): Promise<void> {
  const object = { metadata: { name }, data: { value } }
  const put = await api.send('PUT', `${MAPS}/${name}`, object)
  const answer = put.status === 404 ? await api.send('POST', MAPS, object) : put
  assert.ok(answer.status === 200 || answer.status === 201, JSON.stringify(answer))
  note(known, name, revisionOf(answer.body))
}

async function remove({ api }: Restartable, name: string, known: Known): Promise<void> {
  const { status } = await api.send('DELETE', `${MAPS}/${name}`)
  assert.ok(status === 200 || status === 404)
  known.objects.delete(name)
}

function note(known: Known, name: string, revision: number): void {
  known.objects.set(name, revision)
  known.newest = Math.max(known.newest, revision)
}

/** Reads at resourceVersion=0 tell nothing that is older than what is known, and then that is known. */
async function neverBack({ api }: Restartable, known: Known): Promise<void> {
  const list = await api.send('GET', `${MAPS}?resourceVersion=0`)
  assert.equal(list.status, 200)
  assert.ok(revisionOf(list.body) >= known.newest, `a list of ${revisionOf(list.body)} after ${known.newest}`)
  const listed = new Map((list.body.items ?? []).map((item) => [item.metadata.name, revisionOf(item)]))
  for (const [name, revision] of known.objects) {
    assert.ok((listed.get(name) ?? 0) >= revision, `${name} of ${listed.get(name)} in a list, after ${revision}`)
    const { body, status } = await api.send('GET', `${MAPS}/${name}?resourceVersion=0`)
    assert.equal(status, 200)
    assert.ok(revisionOf(body) >= revision, `${name} of ${revisionOf(body)} after ${revision}`)
  }
  known.newest = revisionOf(list.body)
}

const actions = fc.array(
  fc.tuple(fc.constantFrom('write', 'write', 'write', 'remove', 'restart', 'read'), fc.constantFrom('a', 'b', 'c')),
  { minLength: 4, maxLength: 12 },
)

test('a read at resourceVersion=0 does not go back over a restart', async (t) => {
  const path = testFolder(t)
  const server = await Restartable.start(t, () => LmdbStore.open({ path, clock: systemClock }))
  const known = nobody()
  let count = 0
  await fuzz(3, actions, async (all) => {
    for (const [action, name] of [...all, ['restart', 'a'] as const]) {
      if (action === 'write') await write(server, name, `${count++}`, known)
      else if (action === 'remove') await remove(server, name, known)
      else if (action === 'restart') await server.restart()
      await neverBack(server, known)
    }
  })
})

test(
  'nor on either of two servers over one etcd, nor over a restart of one',
  { skip: noEtcd() ?? false },
  async (t) => {
    const etcd = await startEtcd()
    t.after(() => etcd.stop())
    const open = (): Promise<Store> => EtcdStore.open({ endpoints: etcd.endpoints, clock: systemClock })
    const [one, other] = [await Restartable.start(t, open), await Restartable.start(t, open)]
    const all = nobody()
    const [byOne, byOther] = [nobody(), nobody()]
    let count = 0
    await fuzz(2, actions, async (steps) => {
      for (const [action, name] of steps) {
        if (action === 'write') await write(count % 2 === 0 ? one : other, name, `${count++}`, all)
        else if (action === 'remove') for (const known of [all, byOne, byOther]) await remove(one, name, known)
        else if (action === 'restart') {
          // What starts now has everything that was acknowledged before.
          await other.restart()
          await neverBack(other, all)
        }
        await neverBack(one, byOne)
        await neverBack(other, byOther)
        // What one server told, the other has when it is asked for it.
        const asked = await other.api.send('GET', `${MAPS}?resourceVersion=${Math.max(all.newest, byOne.newest)}`)
        assert.equal(asked.status, 200)
        assert.ok(revisionOf(asked.body) >= Math.max(all.newest, byOne.newest))
      }
    })
  },
)

test('a revision that is not there yet is waited for, and then refused', async (t) => {
  const path = testFolder(t)
  const server = await Restartable.start(t, () => LmdbStore.open({ path, clock: systemClock }))
  const known = nobody()
  await write(server, 'a', '0', known)
  const [soon, never] = [known.newest + 3, known.newest + 1_000_000]
  const reads = [`${MAPS}?resourceVersion=${soon}`, `${MAPS}/a?resourceVersion=${soon}`]
  const waiting = reads.map((read) => server.api.send('GET', read))
  const refused = [`${MAPS}?resourceVersion=${never}`, `${MAPS}/a?resourceVersion=${never}`].map((read) =>
    server.api.send('GET', read),
  )
  for (const value of ['1', '2', '3', '4']) await write(server, 'a', value, known)
  for (const answer of await Promise.all(waiting)) {
    assert.equal(answer.status, 200)
    assert.ok(revisionOf(answer.body) >= soon)
  }
  for (const { status, body } of await Promise.all(refused)) {
    assert.equal(status, 504)
    const { reason, details, message } = body as unknown as Refusal
    assert.equal(reason, 'Timeout')
    assert.match(message, new RegExp(`^Timeout: Too large resource version: ${never}, current: \\d+$`))
    assert.deepEqual(details, {
      causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }],
      retryAfterSeconds: 1,
    })
  }
  // A newer one that comes later is there then.
  await neverBack(server, known)
})

interface Refusal {
  readonly reason: string
  readonly message: string
  readonly details: unknown
}

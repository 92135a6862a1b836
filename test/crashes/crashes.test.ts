import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { seededRandom } from '../../src/lib/random.ts'
import { Api, Lost, NotSent, type WatchEvent } from '../histories/api.ts'
import { Client } from './client.ts'
import { type Notes, Register } from './register.ts'
import { Server } from './server.ts'

/** SKIFF_CRASHES=50 for a thorough run. */
const CRASHES = Number(process.env['SKIFF_CRASHES'] ?? 3)
const SEED = Number(process.env['SKIFF_SEED'] ?? Date.now() % 100_000)
const MAPS = '/api/v1/namespaces/default/configmaps'
const SECRETS = '/api/v1/namespaces/default/secrets'
const CRDS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'
const LIMITED = '/api/v1/namespaces/limited'
/** Reached soon. What a death leaves charged for nothing is given back later than most runs last. */
const QUOTA = 10 + 5 * CRASHES

const mapOf = (name: string, a: string): object => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name },
  data: { a },
})
const inMap = (object: unknown): string => (object as { data: { a: string } }).data.a

const secretOf = (name: string, a: string): object => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name },
  data: { a: Buffer.from(a).toString('base64') },
})
const inSecret = (object: unknown): string => Buffer.from(inMap(object), 'base64').toString()

const definitionOf = (name: string, content: string): object => {
  const [plural = ''] = name.split('.')
  const schema = { type: 'object', description: content, 'x-kubernetes-preserve-unknown-fields': true }
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name, annotations: { content } },
    spec: {
      group: 'crashes.io',
      scope: 'Namespaced',
      names: { plural, singular: plural, kind: plural.toUpperCase(), listKind: `${plural.toUpperCase()}List` },
      versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: schema } }],
    },
  }
}
const inAnnotation = (object: unknown): string =>
  (object as { metadata: { annotations: { content: string } } }).metadata.annotations.content

test(
  `killed ${CRASHES} times under all kinds of writes, the whole server keeps what it told (seed ${SEED})`,
  { timeout: (CRASHES + 2) * 60_000 },
  async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'skiff-crashes-'))
    const server = await Server.start(folder)
    const client = new Client(server.port)
    const random = seededRandom(SEED)
    const notes: Notes = { client, server, auditIds: [], revisions: new Map(), operations: 0 }
    const watch = new Following(server, new Api(() => server.port))
    t.after(async () => {
      watch.stop()
      client.close()
      await server.stop()
      rmSync(folder, { recursive: true, force: true })
    })
    await prepare(client)
    await watch.begin()
    const registers = [
      ...[0, 1, 2, 3, 4, 5].map((n) => new Register(MAPS, `map-${n}`, mapOf, inMap)),
      ...[0, 1, 2].map((n) => new Register(SECRETS, `secret-${n}`, secretOf, inSecret)),
      ...[0, 1].map((n) => new Register(CRDS, `kinds${n}.crashes.io`, definitionOf, inAnnotation)),
    ]
    const charged = [0, 1, 2, 3].map((n) => new Charged(notes, `c${n}`))
    let going = true
    const work = Promise.all([
      ...registers.map(async (register) => {
        while (going) await register.step(notes, random.next())
      }),
      ...charged.map(async (one) => {
        while (going) await one.step(random.next())
      }),
      watchQuota(notes, () => going),
    ]).finally(() => (going = false))
    work.catch(() => {})
    const watching = watch.follow()
    for (let crash = 0; going && crash < CRASHES; crash++) {
      const target = notes.operations + 30 + Math.floor(random.next() * 200)
      while (going && notes.operations < target) await new Promise((resolve) => setTimeout(resolve, 2))
      // The key changes; the one before still opens.
      if (crash % 2 === 1) server.encryptWith([crash + 1, crash, 1])
      await server.killAndRestart()
    }
    going = false
    await work
    for (const register of registers) await register.check(notes)
    await checkQuota(client, charged)
    const audited = server.audited()
    const missing = notes.auditIds.filter((id) => !audited.has(id))
    assert.deepEqual(missing, [], `of ${notes.auditIds.length} acknowledged writes the audit log does not know all`)
    await watch.reach(client)
    watch.stop()
    await watching
    await checkWatched(client, watch)
    const refused = charged.reduce((sum, one) => sum + one.refused, 0)
    t.diagnostic(
      JSON.stringify({
        crashes: CRASHES,
        operations: notes.operations,
        told: notes.auditIds.length,
        refused,
        ...watch.figures,
      }),
    )
  },
)

/** A namespace with what controllers put in each, and a quota that they have counted. */
async function prepare(client: Client): Promise<void> {
  await client.send('POST', '/api/v1/namespaces', { metadata: { name: 'limited' } })
  await until(async () => (await client.send('GET', `${LIMITED}/configmaps/kube-root-ca.crt`)).status === 200)
  const hard = { 'count/configmaps': String(QUOTA) }
  await client.send('POST', `${LIMITED}/resourcequotas`, { metadata: { name: 'few' }, spec: { hard } })
  await until(async () => (await charges(client)) === 1)
}

async function until(isSo: () => Promise<boolean>): Promise<void> {
  while (!(await isSo())) await new Promise((resolve) => setTimeout(resolve, 10))
}

/** What is used of the quota. */
async function charges(client: Client): Promise<number> {
  const quota = (await client.send('GET', `${LIMITED}/resourcequotas/few`)).body as {
    readonly status?: { readonly used?: Readonly<Record<string, string>> }
  }
  return Number(quota.status?.used?.['count/configmaps'])
}

/** Makes objects that a quota counts, and deletes some of them. */
class Charged {
  readonly #notes: Notes
  readonly #prefix: string
  /** Those whose creation was told, and whose deletion was not begun. */
  readonly told: string[] = []
  /** How often there was no more room. */
  refused = 0
  #count = 0

  constructor(notes: Notes, prefix: string) {
    this.#notes = notes
    this.#prefix = prefix
  }

  async step(choice: number): Promise<void> {
    const { server } = this.#notes
    this.#notes.operations++
    try {
      if (choice < 0.2) await this.#delete()
      else await this.#create()
    } catch (error) {
      if (!(error instanceof Lost || error instanceof NotSent)) throw error
      await server.back()
    }
  }

  async #create(): Promise<void> {
    const { client, auditIds } = this.#notes
    const name = `${this.#prefix}-${this.#count++}`
    const { status, body, auditId } = await client.send('POST', `${LIMITED}/configmaps`, mapOf(name, ''))
    if (status === 201) {
      this.told.push(name)
      auditIds.push(auditId)
    } else assert.ok(status === 403 || status >= 500, `${status} ${body.message ?? ''}`)
    if (status !== 403) return
    this.refused++
    await this.#delete()
  }

  async #delete(): Promise<void> {
    const name = this.told.shift()
    if (name !== undefined) await this.#notes.client.send('DELETE', `${LIMITED}/configmaps/${name}`)
  }
}

/** All that was told is there, all that is there was charged, and no more than may be. */
async function checkQuota(client: Client, charged: readonly Charged[]): Promise<void> {
  const { body } = await client.send('GET', `${LIMITED}/configmaps`)
  const names = new Set((body.items ?? []).map(({ metadata }) => metadata.name))
  for (const name of charged.flatMap(({ told }) => told)) assert.ok(names.has(name), `${name} is gone`)
  const used = await charges(client)
  assert.ok(names.size <= used && used <= QUOTA, `${names.size} objects, ${used} charged, ${QUOTA} allowed`)
}

/** Looks again and again whether there are more than may be. */
async function watchQuota({ client, server }: Notes, isGoing: () => boolean): Promise<void> {
  while (isGoing()) {
    try {
      const { body, status } = await client.send('GET', `${LIMITED}/configmaps`)
      const there = status === 200 ? (body.items ?? []).length : 0
      assert.ok(there <= QUOTA, `${there} objects, ${QUOTA} allowed`)
      await new Promise((resolve) => setTimeout(resolve, 20))
    } catch (error) {
      if (!(error instanceof Lost || error instanceof NotSent)) throw error
      await server.back()
    }
  }
}

/** A watch that is begun again where it ended, whenever the server is back. */
class Following {
  readonly #server: Server
  readonly #api: Api
  readonly events: WatchEvent[] = []
  readonly figures = { watches: 0, events: 0 }
  #last = ''
  #stopped = false
  #current: { stop(): void } | undefined

  constructor(server: Server, api: Api) {
    this.#server = server
    this.#api = api
  }

  async begin(): Promise<void> {
    this.#last = (await this.#api.send('GET', MAPS)).body.metadata.resourceVersion ?? ''
  }

  /** Resolves when it is stopped. */
  async follow(): Promise<void> {
    while (!this.#stopped) {
      await this.#server.back()
      this.figures.watches++
      const watch = this.#api.watch(
        `${MAPS}?watch=true&allowWatchBookmarks=true&resourceVersion=${this.#last}`,
        (event) => this.#note(event),
      )
      this.#current = watch
      await watch.ended
    }
  }

  #note(event: WatchEvent): void {
    const revision = event.object.metadata.resourceVersion ?? ''
    assert.notEqual(event.type, 'ERROR', JSON.stringify(event.object))
    assert.ok(BigInt(revision) >= BigInt(this.#last), `${revision} is told after ${this.#last}`)
    if (event.type !== 'BOOKMARK') {
      assert.notEqual(revision, this.#last, 'an event is told twice')
      this.events.push(event)
      this.figures.events++
    }
    this.#last = revision
  }

  /** Resolves when a write of now has been seen. */
  async reach(client: Client): Promise<void> {
    const { body } = await client.send('POST', MAPS, mapOf('last', ''))
    const { resourceVersion } = body.metadata
    while (this.#last !== resourceVersion) await new Promise((resolve) => setTimeout(resolve, 5))
  }

  stop(): void {
    this.#stopped = true
    this.#current?.stop()
    this.#api.close()
  }
}

/** What the events come to is what there is; and an object is changed only when it is there. */
async function checkWatched(client: Client, { events }: Following): Promise<void> {
  const seen = new Map<string, string | undefined>()
  for (const { type, object } of events) {
    const { name = '', resourceVersion } = object.metadata
    assert.equal(type === 'ADDED', !seen.has(name), `${name} is ${type}`)
    if (type === 'DELETED') seen.delete(name)
    else seen.set(name, resourceVersion)
  }
  const { body } = await client.send('GET', MAPS)
  const there = (body.items ?? []).filter(({ metadata }) => seen.has(metadata.name ?? ''))
  assert.equal(there.length, seen.size)
  for (const { metadata } of there) assert.equal(seen.get(metadata.name ?? ''), metadata.resourceVersion)
}

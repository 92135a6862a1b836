import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, readdirSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { Readable } from 'node:stream'
import { describe, test, type TestContext } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import type { KubeObject } from '../../../apimachinery/meta.ts'
import { Metrics } from '../../../apiserver/metrics/metrics.ts'
import { TestServer } from '../../../apiserver/test-server.ts'
import { systemClock, VirtualClock, type Clock } from '../../../lib/clock.ts'
import { silentLogger } from '../../../lib/log.ts'
import { seededRandom } from '../../../lib/random.ts'
import { LmdbStore } from '../../../store/lmdb/store.ts'
import { testFolder } from '../../../store/lmdb/testing/folder.ts'
import { startPlugin } from '../../../store/encryption/kms/testing/plugin.ts'
import { MemoryStore } from '../../../store/memory/store.ts'
import { readSnapshot, writeSnapshot } from '../../../store/snapshot/format.ts'
import type { Store } from '../../../store/store.ts'
import { startEncryption, type Encryption } from './encryption.ts'
import { loadEncryption } from './load.ts'
import { canaryCount, CANARY, configOf, encryptionFile, KEYS } from './testing/config.ts'

interface Bench extends TestServer {
  readonly inner: Store
  readonly encryption: Encryption
  readonly metrics: Metrics
}

interface BenchOptions {
  readonly store?: Store
  readonly clock?: Clock
  readonly reload?: boolean
}

/** An API server whose store is encrypted as a file says. */
async function serverOf(t: TestContext, file: string, options: BenchOptions = {}): Promise<Bench> {
  const { clock = systemClock, reload = false } = options
  const env = { clock, random: seededRandom(1), log: silentLogger }
  const inner = options.store ?? new MemoryStore({ clock })
  const metrics = new Metrics()
  const config = { loaded: loadEncryption(file, reload), reload }
  const encryption = await startEncryption({ config, env, metrics, server: 'apiserver-test' })
  t.after(() => encryption.close())
  const { healthChecks } = encryption
  const server = new TestServer({ store: encryption.over(inner), env, healthChecks, metrics })
  return Object.assign(server, { inner, encryption, metrics })
}

const SECRETS = '/api/v1/namespaces/default/secrets'
const secret = (name = 'token', data = CANARY): object => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name },
  data: { token: Buffer.from(data).toString('base64') },
})

async function keptIn(store: Store, key: string): Promise<string> {
  return Buffer.from((await store.get(key))?.value ?? []).toString('latin1')
}

const KEY = '/registry/secrets/default/token'

describe('encryption at rest', () => {
  test('what is configured is kept encrypted, and read and watched as it was written', async (t) => {
    const file = encryptionFile(t, configOf(['secrets'], [KEYS.secretbox]))
    const server = await serverOf(t, file)
    await server.create(SECRETS, secret())
    await server.create('/api/v1/namespaces/default/configmaps', { metadata: { name: 'plain' }, data: { a: CANARY } })
    assert.match(await keptIn(server.inner, KEY), /^k8s:enc:secretbox:v1:one:/)
    assert.match(await keptIn(server.inner, '/registry/configmaps/default/plain'), /^\{/)
    const got = await server.get<{ data: object }>(`${SECRETS}/token`)
    assert.deepEqual(got.data, { token: Buffer.from(CANARY).toString('base64') })
    assert.equal((await server.list(SECRETS)).items.length, 1)
    const seen = server.until<KubeObject>(`${SECRETS}?watch=1&labelSelector=a%3Db`, () => true)
    await server.patch(200, 'merge', `${SECRETS}/token`, { metadata: { labels: { a: 'b' } } })
    assert.equal((await seen).metadata.name, 'token')
    assert.match(
      await server.metrics.text(),
      /apiserver_storage_transformation_operations_total\{resource="secrets",status="OK",transformation_type="to_storage",transformer_prefix="k8s:enc:secretbox:v1:"\} 2/,
    )
  })

  const names: readonly [names: string[], encrypted: string[], plain: string[]][] = [
    [['*.apps'], ['/registry/deployments/a/b'], ['/registry/pods/a/b', '/registry/jobs/a/b']],
    [['*.'], ['/registry/pods/a/b', '/registry/services/specs/a/b', '/registry/events/a/b'], ['/registry/leases/a/b']],
    [['ingresses.networking.k8s.io'], ['/registry/ingress/a/b'], ['/registry/ingressclasses/b']],
    [['services'], ['/registry/services/specs/a/b'], ['/registry/services/endpoints/a/b']],
    [['events'], ['/registry/events/a/b'], ['/registry/eventsinks/a/b']],
    [['crontabs.example.com'], ['/registry/example.com/crontabs/a/b'], ['/registry/example.com/others/a/b']],
    [
      ['*.*'],
      [
        '/registry/example.com/crontabs/a/b',
        '/registry/namespaces/a',
        '/registry/apiregistration.k8s.io/apiservices/a',
      ],
      ['/registry/masterleases/10.0.0.1', '/registry/ranges/servicenodeports/30000', '/other/secrets/a/b'],
    ],
  ]
  for (const [resources, encrypted, plain] of names) {
    test(`resources: ${resources.join()}`, async (t) => {
      const { inner, encryption } = await serverOf(t, encryptionFile(t, configOf(resources, [KEYS.aesgcm])))
      const store = encryption.over(inner)
      const value = Buffer.from('{"a":1}')
      for (const key of [...encrypted, ...plain]) await store.write({ key, value })
      for (const key of encrypted) assert.match(await keptIn(inner, key), /^k8s:enc:aesgcm:v1:one:/, key)
      for (const key of plain) assert.equal(await keptIn(inner, key), '{"a":1}', key)
      const all = await store.range('/registry/')
      assert.ok(all.entries.every((entry) => Buffer.from(entry.value).toString() === '{"a":1}'))
    })
  }

  test('an update writes anew what another key wrote, even when nothing changes, and once', async (t) => {
    const store = new MemoryStore({ clock: systemClock })
    const before = await serverOf(t, encryptionFile(t, configOf(['secrets'], [KEYS.aescbc, 'identity: {}'])), { store })
    await before.create(SECRETS, secret())
    const after = await serverOf(
      t,
      encryptionFile(t, configOf(['secrets'], [KEYS.secretbox, KEYS.aescbc, 'identity: {}'])),
      { store },
    )
    const old = await after.get(`${SECRETS}/token`)
    const replaced = await after.expect<KubeObject>(200, 'PUT', `${SECRETS}/token`, old)
    assert.notEqual(replaced.metadata.resourceVersion, (old as KubeObject).metadata.resourceVersion)
    assert.match(await keptIn(store, KEY), /^k8s:enc:secretbox:v1:/)
    const again = await after.expect<KubeObject>(200, 'PUT', `${SECRETS}/token`, replaced)
    assert.equal(again.metadata.resourceVersion, replaced.metadata.resourceVersion)
  })

  test('a second key of the same provider, and the way back to plain values', async (t) => {
    const store = new MemoryStore({ clock: systemClock })
    const steps: readonly [providers: string[], kept: RegExp][] = [
      [['identity: {}'], /^\{/],
      [[KEYS.aesgcm, 'identity: {}'], /^k8s:enc:aesgcm:v1:one:/],
      [[KEYS.aesgcmTwo], /^k8s:enc:aesgcm:v1:two:/],
      [['identity: {}', KEYS.aesgcmTwo], /^\{/],
    ]
    let created = false
    for (const [providers, kept] of steps) {
      const server = await serverOf(t, encryptionFile(t, configOf(['secrets'], providers)), { store })
      if (!created) await server.create(SECRETS, secret())
      created = true
      await server.expect(200, 'PUT', `${SECRETS}/token`, await server.get(`${SECRETS}/token`))
      assert.match(await keptIn(store, KEY), kept)
    }
  })

  test('what cannot be read fails what needs it, in upstream words, and is never left out', async (t) => {
    const server = await serverOf(t, encryptionFile(t, configOf(['secrets'], [KEYS.secretbox])))
    await server.create(SECRETS, secret('good'))
    const bad = Buffer.from(`k8s:enc:secretbox:v1:one:${'garbage'.repeat(20)}`)
    const watching = server.until(`${SECRETS}?watch=1`, () => false)
    const failed = assert.rejects(watching)
    await server.inner.write({ key: KEY, value: bad })
    await failed
    const said = 'output array was not large enough for encryption'
    const message = async (method: string, path: string, body?: unknown): Promise<string | undefined> => {
      const { status, body: answer } = await server.send(method, path, body)
      assert.equal(status, 500)
      return (answer as { message?: string }).message
    }
    assert.equal(await message('GET', `${SECRETS}/token`), `Internal error occurred: ${said}`)
    assert.equal(await message('DELETE', `${SECRETS}/token`), `Internal error occurred: ${said}`)
    assert.equal(await message('PUT', `${SECRETS}/token`, secret()), `Internal error occurred: ${said}`)
    assert.equal(await message('GET', SECRETS), `Internal error occurred: unable to transform key "${KEY}": ${said}`)
    await server.expect(409, 'POST', SECRETS, secret())
    assert.equal(Buffer.from(bad).toString('latin1'), await keptIn(server.inner, KEY))
  })

  test('a server that has no key for it takes no encrypted value for an object', async (t) => {
    const server = await serverOf(t, encryptionFile(t, configOf(['secrets'], [KEYS.secretbox])))
    await server.create(SECRETS, secret())
    const without = new TestServer({ store: server.inner })
    for (const path of [`${SECRETS}/token`, SECRETS]) {
      const { message } = await without.expect<{ message: string }>(500, 'GET', path)
      assert.equal(message, 'Internal error occurred: identity transformer tried to read encrypted data')
    }
  })

  test('no file of the store, and no snapshot, has what is encrypted', async (t) => {
    const folder = testFolder(t)
    const store = await LmdbStore.open({ path: folder, clock: systemClock })
    const server = await serverOf(t, encryptionFile(t, configOf(['secrets'], [KEYS.secretbox])), { store })
    for (let i = 0; i < 20; i++) await server.create(SECRETS, secret(`s${i}`))
    await server.patch(200, 'merge', `${SECRETS}/s1`, { stringData: { more: CANARY } })
    await server.expect(200, 'DELETE', `${SECRETS}/s2`)
    const file = join(testFolder(t), 'snapshot')
    const { entries, revision } = store.range('/')
    await writeSnapshot(file, { revision, savedMs: 0, store: 'lmdb' }, Readable.from(entries))
    await store.close()
    for (const name of readdirSync(folder)) assert.equal(canaryCount(readFileSync(join(folder, name))), 0, name)
    assert.equal(canaryCount(readFileSync(file)), 0)

    const restored = new MemoryStore({ clock: systemClock })
    for await (const { key, value } of (await readSnapshot(file)).entries) await restored.write({ key, value })
    const after = await serverOf(t, encryptionFile(t, configOf(['secrets'], [KEYS.secretbox])), { store: restored })
    assert.equal((await after.list(SECRETS)).items.length, 19)
  })

  test('a server killed while it encrypts anew loses nothing', async (t) => {
    const folder = testFolder(t)
    const program = join(import.meta.dirname, 'testing/encrypt-anew.ts')
    const random = seededRandom(7)
    for (let crash = 0; crash < 2; crash++) {
      const child = spawn(process.execPath, [program, folder, `${crash}`], { stdio: ['ignore', 'pipe', 'inherit'] })
      let left = 1 + Math.floor(random.next() * 150)
      const exited = once(child, 'exit')
      for await (const _ of createInterface({ input: child.stdout })) if (left-- === 0) child.kill('SIGKILL')
      await exited
      const store = await LmdbStore.open({ path: folder, clock: systemClock })
      const file = encryptionFile(t, configOf(['secrets'], [KEYS.secretbox, KEYS.aescbc, 'identity: {}']))
      const server = await serverOf(t, file, { store })
      const { items } = await server.list(SECRETS)
      assert.equal(items.length, 100, `crash ${crash}`)
      const token = Buffer.from(CANARY).toString('base64')
      for (const item of items) assert.deepEqual((item as { data?: object }).data, { token })
      await store.close()
    }
  })
})

describe('the configuration is followed', () => {
  test('a new key is written with within a minute; a file that cannot be used changes nothing', async (t) => {
    const clock = new VirtualClock()
    const file = encryptionFile(t, configOf(['secrets'], [KEYS.aesgcm]))
    const server = await serverOf(t, file, { clock, reload: true })
    await server.create(SECRETS, secret())
    const turns = async (): Promise<void> => {
      for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve))
    }
    await turns()

    writeFileSync(file, 'apiVersion: v1\nkind: Pod\n')
    await clock.advance(60_000, turns)
    await server.create(SECRETS, secret('b'))
    assert.match(await keptIn(server.inner, '/registry/secrets/default/b'), /^k8s:enc:aesgcm:v1:one:/)
    assert.match(
      await server.metrics.text(),
      /automatic_reloads_total\{apiserver_id_hash="sha256:[0-9a-f]+",status="failure"\} [1-9]/,
    )

    writeFileSync(file, configOf(['secrets', 'configmaps'], [KEYS.secretbox, KEYS.aesgcm, 'identity: {}']))
    await clock.advance(60_000, turns)
    await server.create(SECRETS, secret('c'))
    assert.match(await keptIn(server.inner, '/registry/secrets/default/c'), /^k8s:enc:secretbox:v1:one:/)
    assert.match(
      await server.metrics.text(),
      /automatic_reloads_total\{apiserver_id_hash="sha256:[0-9a-f]+",status="success"\} 1/,
    )
    assert.equal((await server.list(SECRETS)).items.length, 3)
    const { status } = await server.send('GET', '/readyz/kms-providers')
    assert.equal(status, 200)
  })

  test('a file that is replaced is read at once', async (t) => {
    const clock = new VirtualClock()
    const file = encryptionFile(t, configOf(['secrets'], [KEYS.aesgcm]))
    const server = await serverOf(t, file, { clock, reload: true })
    await turn()
    writeFileSync(`${file}.new`, configOf(['secrets'], [KEYS.secretbox, KEYS.aesgcm]))
    renameSync(`${file}.new`, file)
    while (!/status="success"\} 1/.test(await server.metrics.text())) await turn()
    await server.create(SECRETS, secret())
    assert.match(await keptIn(server.inner, '/registry/secrets/default/token'), /^k8s:enc:secretbox:v1:one:/)
  })

  test('a watch that began before goes on, over what is encrypted since', async (t) => {
    const clock = new VirtualClock()
    const file = encryptionFile(t, configOf(['secrets'], [KEYS.aesgcm]))
    const server = await serverOf(t, file, { clock, reload: true })
    const maps = '/api/v1/namespaces/default/configmaps'
    const turns = async (): Promise<void> => {
      for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve))
    }
    const seen = server.until<KubeObject>(`${maps}?watch=1`, ({ metadata }) => metadata.name === 'last')
    await server.create(maps, { metadata: { name: 'first' } })
    writeFileSync(file, configOf(['secrets', 'configmaps'], [KEYS.aesgcm, 'identity: {}']))
    await clock.advance(60_000, turns)
    await server.create(maps, { metadata: { name: 'last' } })
    assert.match(await keptIn(server.inner, '/registry/configmaps/default/last'), /^k8s:enc:aesgcm/)
    assert.equal((await seen).kind, 'ConfigMap')
  })
})

describe('a key service that comes late', () => {
  const kms = (socket: string): string => `kms: {apiVersion: v2, name: k, timeout: 200ms, endpoint: 'unix://${socket}'}`

  test('keeps what it is for from being used, and nothing else, until it is there', async (t) => {
    const socket = join(testFolder(t), 'kms.sock')
    const file = encryptionFile(t, configOf(['secrets'], [kms(socket)]))
    const server = await serverOf(t, file)
    await server.create('/api/v1/namespaces/default/configmaps', { metadata: { name: 'plain' } })
    const { message } = await server.expect<{ message: string }>(500, 'POST', SECRETS, secret())
    assert.equal(message, 'Internal error occurred: got unexpected nil transformer')
    assert.equal(await server.inner.count('/registry/secrets/'), 0)
    assert.equal((await server.send('GET', '/readyz/kms-providers')).status, 500)
    assert.equal((await server.send('GET', '/livez')).status, 200)
  })

  test('is waited for when the server itself needs it', async (t) => {
    const socket = join(testFolder(t), 'kms.sock')
    const file = encryptionFile(t, configOf(['configmaps'], [kms(socket)]))
    const starting = serverOf(t, file)
    const plugin = await startPlugin(socket)
    t.after(() => plugin.close())
    const server = await starting
    await server.create('/api/v1/namespaces/default/configmaps', { metadata: { name: 'kept' } })
    assert.match(await keptIn(server.inner, '/registry/configmaps/default/kept'), /^k8s:enc:kms:v2:k:/)
  })
})

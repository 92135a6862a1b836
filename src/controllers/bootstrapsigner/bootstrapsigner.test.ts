import assert from 'node:assert/strict'
import { test } from 'node:test'
import { configMaps, namespaces, secrets } from '../../api/index.ts'
import { startBench } from '../testing/bench.suite.ts'
import { tokenCleanerController } from '../tokencleaner/controller.ts'
import { bootstrapSignerController } from './controller.ts'
import { detachedSignature } from './sign.ts'

const CONTENT = 'Hello from the other side. I must have called a thousand times.'
const SIGNATURES: readonly (readonly [content: string, signature: string])[] = [
  [CONTENT, 'VShe2taLd-YTrmWuRkcL_8QTNDHYxQIEBsAYYiIj1_8'],
  ['', '7Ui1ALizW4jXphVUB7xUqC9vLYLL9RZeOFfVLoB7Tgk'],
]
for (const [content, signature] of SIGNATURES)
  test(`the signature of "${content}" is upstream's`, async () => {
    assert.equal(
      await detachedSignature(content, { id: 'joshua', secret: 'my voice is my passcode' }),
      `eyJhbGciOiJIUzI1NiIsImtpZCI6Impvc2h1YSJ9..${signature}`,
    )
  })

const SIGNED = 'eyJhbGciOiJIUzI1NiIsImtpZCI6ImFiYzEyMyJ9..QSxpUG7Q542CirTI2ECPSZjvBOJURUW5a7XqFpNI958'
const INFO = 'kube-public/cluster-info'

type Bench = Awaited<ReturnType<typeof started>>
async function started() {
  const bench = await startBench([bootstrapSignerController, tokenCleanerController])
  for (const name of ['kube-public', 'kube-system', 'other'])
    await bench.client(namespaces).create({ metadata: { name }, spec: {} })
  await bench.settle()
  const signatures = async (): Promise<Record<string, string>> => {
    await bench.settle()
    const { kubeconfig: _kubeconfig, ...others } = (await bench.client(configMaps).get(INFO)).data ?? {}
    return others
  }
  return { ...bench, signatures }
}

interface Token {
  readonly id?: string
  readonly name?: string
  readonly namespace?: string
  readonly type?: string
  readonly data?: Readonly<Record<string, string>>
}

function token({ id = 'abc123', name = `bootstrap-token-${id}`, namespace = 'kube-system', type, data }: Token = {}) {
  return {
    metadata: { name, namespace },
    type: type ?? 'bootstrap.kubernetes.io/token',
    stringData: { 'token-id': id, 'token-secret': 'tokenSecret', 'usage-bootstrap-signing': 'true', ...data },
  }
}

const inform = (bench: Bench, data: Record<string, string> = { kubeconfig: 'payload' }) =>
  bench.client(configMaps).create({ metadata: { namespace: 'kube-public', name: 'cluster-info' }, data })

test('what new nodes are told is signed with a token that comes before or after, and anew when it changes', async () => {
  const bench = await started()
  await bench.client(secrets).create(token())
  await inform(bench)
  assert.deepEqual(await bench.signatures(), { 'jws-kubeconfig-abc123': SIGNED })
  const { metadata } = await bench.client(configMaps).get(INFO)
  await bench.settle()
  assert.equal((await bench.client(configMaps).get(INFO)).metadata.resourceVersion, metadata.resourceVersion)
  await bench.client(configMaps).patch(INFO, 'merge', { data: { 'jws-kubeconfig-abc123': 'old signature' } })
  assert.deepEqual(await bench.signatures(), { 'jws-kubeconfig-abc123': SIGNED })
  await bench.client(configMaps).patch(INFO, 'merge', { data: { kubeconfig: 'other' } })
  assert.notEqual((await bench.signatures())['jws-kubeconfig-abc123'], SIGNED)
  await bench.client(secrets).create(token({ id: 'abc124' }))
  assert.deepEqual(Object.keys(await bench.signatures()), ['jws-kubeconfig-abc123', 'jws-kubeconfig-abc124'])
  await bench.client(secrets).delete('kube-system/bootstrap-token-abc123')
  assert.deepEqual(Object.keys(await bench.signatures()), ['jws-kubeconfig-abc124'])
  await bench.stop()
})

const NOT_SIGNING: readonly (readonly [what: string, token: Token])[] = [
  ['is of another namespace', { namespace: 'other' }],
  ['is of another type', { type: 'Opaque' }],
  ['has another id than its name', { data: { 'token-id': 'abc124' } }],
  ['has no secret', { data: { 'token-secret': '' } }],
  ['is not for signing', { data: { 'usage-bootstrap-signing': 'yes' } }],
  ['is named otherwise', { name: 'abc123' }],
]
for (const [what, one] of NOT_SIGNING)
  test(`a token that ${what} signs nothing, and its signature goes`, async () => {
    const bench = await started()
    await bench.client(secrets).create(token(one))
    await inform(bench, { kubeconfig: 'payload', 'jws-kubeconfig-abc123': SIGNED })
    assert.deepEqual(await bench.signatures(), {})
    await bench.stop()
  })

test('what says nothing is not signed', async () => {
  const bench = await started()
  await bench.client(secrets).create(token())
  await inform(bench, { other: 'x' })
  assert.deepEqual(await bench.signatures(), { other: 'x' })
  await bench.stop()
})

test('tokens are deleted when their time is over, or cannot be told, and their signatures with them', async () => {
  const bench = await started()
  const at = (ms: number): string => new Date(bench.clock.now() + ms).toISOString().replace(/\.\d+Z$/, 'Z')
  const create = (id: string, expiration?: string, more: Token = {}) =>
    bench.client(secrets).create(token({ id, data: { ...(expiration !== undefined && { expiration }) }, ...more }))
  await create('gone00', at(-1000))
  await create('soon00', at(60_000))
  await create('day000', at(25 * 3_600_000))
  await create('never0')
  await create('never1', '')
  await create('other0', at(-1000), { namespace: 'other' })
  await create('opaque', at(-1000), { type: 'Opaque' })
  await inform(bench)
  const names = async () => {
    await bench.settle()
    const { items } = await bench.client(secrets).list()
    return items.map(({ metadata }) => metadata.name?.replace('bootstrap-token-', ''))
  }
  assert.deepEqual(await names(), ['day000', 'never0', 'never1', 'opaque', 'soon00', 'other0'])
  assert.ok((await bench.signatures())['jws-kubeconfig-soon00'])
  await bench.advance(61_000)
  assert.deepEqual(await names(), ['day000', 'never0', 'never1', 'opaque', 'other0'])
  assert.equal((await bench.signatures())['jws-kubeconfig-soon00'], undefined)
  await bench.advance(25 * 3_600_000)
  assert.deepEqual(await names(), ['never0', 'never1', 'opaque', 'other0'])
  await bench.client(secrets).create(token({ id: 'broken', data: { expiration: 'tomorrow' } }))
  assert.deepEqual(await names(), ['never0', 'never1', 'opaque', 'other0'])
  await bench.stop()
})

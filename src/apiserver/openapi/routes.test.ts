import assert from 'node:assert/strict'
import { test } from 'node:test'
import { VirtualClock } from '../../lib/clock.ts'
import { builtInResources } from '../../api/index.ts'
import { OpenApiDocuments } from '../../api/openapi/documents.ts'
import type { RawAnswer } from '../registry/answer.ts'
import type { Call } from '../request/call.ts'
import { Routes } from '../routes/routes.ts'
import { openApiRoutes } from './routes.ts'

const builtIn = builtInResources.map((definition) => ({ definition }))
const documents = new OpenApiDocuments({ builtIn, version: 'v1.36.0' })
const routes = new Routes()
for (const route of openApiRoutes(() => documents, new VirtualClock())) routes.add(route)

async function get(path: string, headers: Record<string, string> = {}): Promise<RawAnswer> {
  const url = new URL(path, 'http://server')
  const call = { method: 'GET', info: { path: url.pathname }, query: url.searchParams, headers } as unknown as Call
  return (await routes.answer(call)) as RawAnswer
}

const PROTOBUF = 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf'

test('v2 is JSON unless protobuf is asked for, under its old or new name', async () => {
  const json = await get('/openapi/v2')
  assert.equal(json.headers['content-type'], 'application/json')
  assert.equal((JSON.parse(json.body as string) as { swagger: string }).swagger, '2.0')
  for (const accept of [PROTOBUF, PROTOBUF.replace('v2.v1', 'v2@v1')]) {
    const answer = await get('/openapi/v2', { accept })
    assert.equal(answer.headers['content-type'], PROTOBUF)
    assert.ok(answer.body instanceof Uint8Array)
  }
  const both = await get('/openapi/v2', { accept: `${PROTOBUF},application/json;q=0.5` })
  assert.equal(both.headers['content-type'], PROTOBUF)
  assert.equal((await get('/openapi/v2', { accept: 'text/html' })).status, 406)
})

test('each document of the index is served under its hash, for good', async () => {
  const index = JSON.parse((await get('/openapi/v3')).body as string) as {
    paths: Record<string, { serverRelativeURL: string }>
  }
  const url = index.paths['apis/apps/v1']?.serverRelativeURL ?? ''
  const answer = await get(url, { accept: 'application/json' })
  assert.equal(answer.status, 200)
  assert.match(answer.headers['cache-control'] ?? '', /immutable/)
  assert.match(answer.body as string, /io\.k8s\.api\.apps\.v1\.Deployment/)
})

test('a document under another hash has moved; without one it is served but not kept', async () => {
  const moved = await get('/openapi/v3/apis/apps/v1?hash=OLD')
  assert.equal(moved.status, 301)
  assert.equal(moved.headers.location, `/openapi/v3/apis/apps/v1?hash=${documents.v3Hash('apis/apps/v1')}`)
  const plain = await get('/openapi/v3/apis/apps/v1')
  assert.equal(plain.status, 200)
  assert.equal(plain.headers['cache-control'], undefined)
})

test('a client that has it is told so', async () => {
  for (const path of ['/openapi/v2', '/openapi/v3/api/v1']) {
    const etag = (await get(path)).headers.etag ?? ''
    const again = await get(path, { 'if-none-match': etag })
    assert.deepEqual([again.status, again.body], [304, ''])
    assert.equal((await get(path, { 'if-none-match': '"other"' })).status, 200)
  }
})

test('a group that is not there', async () => {
  assert.equal((await get('/openapi/v3/apis/nonsense/v1')).status, 404)
})

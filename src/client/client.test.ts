import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { clusterRoles, pods, replicaSets } from '../api/index.ts'
import { failure, hasReason, StatusError } from '../apimachinery/status.ts'
import { createClient } from './create-client.ts'
import { listAll } from './pages.ts'
import { queryString, resourcePath } from './paths.ts'
import { retryOnConflict } from './retry.ts'
import { testBench } from './testing/test-env.ts'
import type { ApiRequest, ApiResponse } from './transport.ts'

const pod = (name: string, labels: Record<string, string> = {}) => ({
  metadata: { name, namespace: 'default', labels },
  spec: { containers: [] },
})

describe('resourcePath', () => {
  const cases: [string, string][] = [
    [resourcePath(pods), '/api/v1/pods'],
    [resourcePath(pods, { namespace: 'a', name: 'b', subresource: 'status' }), '/api/v1/namespaces/a/pods/b/status'],
    [resourcePath(replicaSets, { namespace: 'a' }), '/apis/apps/v1/namespaces/a/replicasets'],
    [
      resourcePath(clusterRoles, { namespace: 'ignored', name: 'system:x' }),
      '/apis/rbac.authorization.k8s.io/v1/clusterroles/system%3Ax',
    ],
  ]
  for (const [path, expected] of cases) it(expected, () => assert.equal(path, expected))

  it('leaves out what is not set', () =>
    assert.equal(queryString({ a: undefined, b: '', c: 0, d: 'x=y,z' }), '?c=0&d=x%3Dy%2Cz'))
})

describe('client', () => {
  it('fills in the type, and gives lists whose items carry theirs', async () => {
    const { client } = testBench()
    const created = await client(pods).create(pod('a'))
    assert.equal(created.kind, 'Pod')
    assert.equal((await client(pods).get('default/a')).metadata.uid, created.metadata.uid)
    const bare = createClient({
      ...testBench(),
      userAgent: 'test',
      transport: {
        request: async () => ({
          status: 200,
          headers: {},
          body: { metadata: {}, items: [{ metadata: { name: 'x' } }] },
        }),
      },
    })
    const list = await bare(pods).list()
    assert.deepEqual(list.items[0], { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'x' } })
  })

  it('throws the StatusError that the server sent', async () => {
    const { client } = testBench()
    await assert.rejects(client(pods).get('default/none'), (error) => hasReason(error, 'NotFound'))
  })

  it('makes a StatusError of an answer that is no Status', async () => {
    const { env } = testBench()
    const transport = { request: async () => ({ status: 502, headers: {}, body: 'bad gateway' }) }
    const client = createClient({ transport, env, userAgent: 'test' })
    await assert.rejects(
      client(pods).get('a/b'),
      (e) => e instanceof StatusError && e.code === 502 && e.message === 'bad gateway',
    )
  })

  it('asks again when the server names a time', async () => {
    const { env, clock } = testBench()
    let calls = 0
    const transport = {
      request: async (): Promise<ApiResponse> =>
        ++calls < 3
          ? { status: 429, headers: { 'retry-after': '1' }, body: '' }
          : { status: 200, headers: {}, body: { metadata: {} } },
    }
    const answer = createClient({ transport, env, userAgent: 'test' })(pods).get('a/b')
    await clock.advance(2000)
    await answer
    assert.equal(calls, 3)
  })

  it('sends patches with their types, and delete options as a body', async () => {
    const { api, client } = testBench()
    const seen: ApiRequest[] = []
    api.intercept = (request) => void seen.push(request)
    await client(pods).create(pod('a'))
    await client(pods).patch('default/a', 'strategic', { metadata: { labels: { x: 'y' } } }, { fieldManager: 'me' })
    await client(pods).delete('default/a', { propagationPolicy: 'Foreground', gracePeriodSeconds: 0 })
    assert.equal(seen[0]?.headers?.['user-agent'], 'test')
    assert.equal(seen[1]?.path, '/api/v1/namespaces/default/pods/a?fieldManager=me')
    assert.equal(seen[1]?.headers?.['content-type'], 'application/strategic-merge-patch+json')
    assert.deepEqual(seen[2]?.body, {
      apiVersion: 'v1',
      kind: 'DeleteOptions',
      gracePeriodSeconds: 0,
      propagationPolicy: 'Foreground',
    })
  })

  it('ends a watch with the error that the server sends in it', async () => {
    const { env } = testBench()
    const gone = failure('Expired', 'too old').status
    async function* events() {
      yield { type: 'ERROR' as const, object: gone }
    }
    const transport = { request: async () => ({ status: 200, headers: {}, body: undefined, events: events() }) }
    const watch = createClient({ transport, env, userAgent: 'test' })(pods).watch()
    await assert.rejects(watch[Symbol.asyncIterator]().next(), (error) => hasReason(error, 'Expired'))
  })
})

describe('listAll', () => {
  it('reads page by page', async () => {
    const { api, client } = testBench()
    for (const name of ['a', 'b', 'c']) await client(pods).create(pod(name))
    api.requests.length = 0
    const { items, resourceVersion } = await listAll(client(pods), { limit: 2 })
    assert.deepEqual(
      items.map((p) => p.metadata.name),
      ['a', 'b', 'c'],
    )
    assert.equal(resourceVersion, '3')
    assert.equal(api.requests.length, 2)
  })

  it('starts over when the pages expire', async () => {
    const { api, client } = testBench()
    for (const name of ['a', 'b', 'c']) await client(pods).create(pod(name))
    let lists = 0
    api.intercept = () => {
      if (++lists === 2) throw failure('Expired', 'too old')
    }
    assert.equal((await listAll(client(pods), { limit: 2 })).items.length, 3)
    assert.equal(lists, 3)
  })
})

describe('retryOnConflict', () => {
  it('tries five times, then throws the conflict', async () => {
    const { env, clock } = testBench()
    let tries = 0
    const outcome = assert.rejects(
      retryOnConflict(env, async () => {
        tries++
        throw failure('Conflict', 'changed')
      }),
    )
    await clock.advance(1000)
    await outcome
    assert.equal(tries, 5)
  })
})

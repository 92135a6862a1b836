import assert from 'node:assert/strict'
import { test } from 'node:test'
import { addressOf } from './address.ts'

/** As a kube-apiserver v1.36.0 told of calls that failed. */
const URLS: readonly [string, string][] = [
  ['https://127.0.0.1:1', 'https://127.0.0.1:1/'],
  ['https://127.0.0.1:1/', 'https://127.0.0.1:1/'],
  ['https://127.0.0.1:1//mutate', 'https://127.0.0.1:1/mutate'],
  ['https://127.0.0.1:1//a/../b//c/', 'https://127.0.0.1:1/b/c'],
  ['https://127.0.0.1:1/a%2Fb%20c/./d', 'https://127.0.0.1:1/a/b%20c/d'],
  ['https://127.0.0.1:1/%C3%A9/x+y;z=1', 'https://127.0.0.1:1/%C3%A9/x+y;z=1'],
]

test("a webhook's path is joined as kube-apiserver's client joins it", () => {
  for (const [url, asked] of URLS) assert.equal(addressOf({ url }), asked)
})

test('a Service is asked by its name', () => {
  const service = { name: 's', namespace: 'n' }
  assert.equal(addressOf({ service }), 'https://s.n.svc:443/')
  assert.equal(addressOf({ service: { ...service, port: 8443, path: '/a/b/' } }), 'https://s.n.svc:8443/a/b')
  assert.throws(() => addressOf({}), /either service or URL/)
})

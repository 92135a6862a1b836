import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { APPLY_TYPE } from '../../src/apiserver/registry/patch.ts'
import { PATCH_TYPES } from '../../src/apimachinery/patch/patch.ts'
import { Target } from './target.ts'

/** Small requests that ask for much, and large ones that say little: each is answered within a processor's few seconds. */
const MAPS = '/api/v1/namespaces/default/configmaps'
const MEBIBYTE = 1024 * 1024
const map = (data: string): string => `{"metadata":{"name":"a"},"data":{${data}}}`
const aliases = (levels: number): string =>
  Array.from(
    { length: levels },
    (_, i) => `a${i}: &a${i} [${i === 0 ? 'x' : `*a${i - 1}`.concat(`, *a${i - 1}`.repeat(9))}]\n`,
  ).join('')
const copies = Array.from({ length: 40 }, (_, i) => ({ op: 'copy', from: '/data', path: `/data/k${i}` }))
const deepCopies = Array.from({ length: 20 }, (_, i) => ({
  op: 'copy',
  from: '/metadata',
  path: `/metadata${'/x'.repeat(2 ** Math.min(i, 12))}`,
}))

interface Bomb {
  readonly method?: string
  readonly url?: string
  readonly type?: string
  readonly body?: string | Uint8Array
  readonly statuses: readonly number[]
}

const JSON_TYPE = 'application/json'
const YAML = 'application/yaml'
const BOMBS: Readonly<Record<string, Bomb>> = {
  'aliases of aliases': { type: YAML, body: `${aliases(12)}metadata: {name: a}\n`, statuses: [400] },
  'aliases of aliases, applied': {
    method: 'PATCH',
    url: `${MAPS}/a?fieldManager=f`,
    type: APPLY_TYPE,
    body: `${aliases(12)}metadata: {name: a}\n`,
    statuses: [400],
  },
  'an anchor within itself': { type: YAML, body: 'metadata: &a\n  name: a\n  labels: *a\n', statuses: [400] },
  'deep JSON': { body: map(`"a":${'['.repeat(MEBIBYTE)}${']'.repeat(MEBIBYTE)}`), statuses: [400] },
  'deep JSON without end': { body: `{"a":`.repeat(500_000), statuses: [400] },
  'deep flow YAML': { type: YAML, body: `a: ${'['.repeat(200_000)}`, statuses: [400] },
  'deep block YAML': {
    type: YAML,
    body: Array.from({ length: 1200 }, (_, i) => `${' '.repeat(i)}a:\n`).join(''),
    statuses: [400],
  },
  'many documents': { type: YAML, body: '---\n'.repeat(300_000), statuses: [400, 422] },
  commas: { type: YAML, body: `a: [${', '.repeat(500_000)}]`, statuses: [400] },
  'a long plain scalar': { type: YAML, body: `a: ${'x '.repeat(500_000)}`, statuses: [422] },
  'many keys': { body: map(Array.from({ length: 150_000 }, (_, i) => `"k${i}":""`).join(',')), statuses: [201, 422] },
  'one key many times': {
    url: `${MAPS}?dryRun=All&fieldValidation=Strict`,
    body: map('"k":"",'.repeat(300_000) + '"k":""'),
    statuses: [400],
  },
  'unknown fields': {
    url: `${MAPS}?dryRun=All`,
    body: `{${Array.from({ length: 100_000 }, (_, i) => `"u${i}":1`).join(',')},"metadata":{"name":"b"}}`,
    statuses: [201],
  },
  'a long number': { body: `{"metadata":{"name":"c","generation":${'9'.repeat(MEBIBYTE)}}}`, statuses: [400] },
  'a large exponent': {
    url: '/api/v1/namespaces/default/resourcequotas',
    body: '{"metadata":{"name":"a"},"spec":{"hard":{"cpu":"1e999999999"}}}',
    statuses: [201, 400, 422],
  },
  'a long quantity': {
    url: '/api/v1/namespaces/default/resourcequotas',
    body: `{"metadata":{"name":"b"},"spec":{"hard":{"cpu":"${'9'.repeat(MEBIBYTE)}"}}}`,
    statuses: [201, 400, 422],
  },
  'copies of copies': {
    method: 'PATCH',
    url: `${MAPS}/base`,
    type: PATCH_TYPES.json,
    body: JSON.stringify(copies),
    statuses: [422],
  },
  'copies in depth': {
    method: 'PATCH',
    url: `${MAPS}/base`,
    type: PATCH_TYPES.json,
    body: JSON.stringify(deepCopies),
    statuses: [422],
  },
  'many operations': {
    method: 'PATCH',
    url: `${MAPS}/base`,
    type: PATCH_TYPES.json,
    body: JSON.stringify(Array.from({ length: 10_001 }, () => ({ op: 'test', path: '/kind' }))),
    statuses: [413],
  },
  'insertions at the front': {
    method: 'PATCH',
    url: `${MAPS}/base?dryRun=All`,
    type: PATCH_TYPES.json,
    body: JSON.stringify([
      { op: 'add', path: '/metadata/finalizers', value: [] },
      ...Array.from({ length: 9999 }, (_, i) => ({ op: 'add', path: '/metadata/finalizers/0', value: `a.b/${i}` })),
    ]),
    statuses: [200, 422],
  },
  'a long label selector': {
    method: 'GET',
    url: `${MAPS}?labelSelector=a+in+(${Array.from({ length: 100_000 }, (_, i) => `v${i}`).join(',')})`,
    statuses: [200],
  },
  'many requirements': {
    method: 'GET',
    url: `${MAPS}?labelSelector=${Array.from({ length: 100_000 }, (_, i) => `k${i}`).join(',')}`,
    statuses: [200],
  },
  brackets: { method: 'GET', url: `${MAPS}?labelSelector=${'('.repeat(900_000)}`, statuses: [400] },
  'a long field selector': {
    method: 'GET',
    url: `${MAPS}?fieldSelector=${'metadata.name=a,'.repeat(50_000)}`,
    statuses: [200],
  },
  'escapes without end': {
    method: 'GET',
    url: `${MAPS}?fieldSelector=metadata.name=${'\\'.repeat(900_001)}`,
    statuses: [200, 400],
  },
  'many parameters': { method: 'GET', url: `${MAPS}?${'limit=1&'.repeat(100_000)}`, statuses: [200] },
  'a long path': { method: 'GET', url: `/api/v1/${'a/'.repeat(400_000)}`, statuses: [404] },
  'a long Accept': { method: 'GET', url: MAPS, statuses: [406], type: `,;q=`.repeat(200_000) },
}

let target: Target
before(async () => {
  target = await Target.start()
  await target.expect(201, 'POST', MAPS, { metadata: { name: 'base' }, data: { k: 'x'.repeat(100_000) } })
})
after(() => target.stop())

for (const [name, { method = 'POST', url = MAPS, type = JSON_TYPE, body, statuses }] of Object.entries(BOMBS)) {
  test(name, async () => {
    const headers: Record<string, string> = method === 'GET' ? { accept: type } : { 'content-type': type }
    const request = { method, url, headers, ...(body !== undefined && { body: Buffer.from(body) }) }
    const cpu = process.cpuUsage()
    const response = await target.send(request)
    const { user } = process.cpuUsage(cpu)
    const short = {
      ...request,
      url: url.slice(0, 200),
      headers: {},
      body: Buffer.from(request.body?.subarray(0, 100) ?? ''),
    }
    target.checkSound(short, response)
    assert.ok(statuses.includes(response.status), `${response.status} ${response.body.subarray(0, 300).toString()}`)
    assert.ok(user < 10_000_000, `took ${user / 1e6} s of a processor`)
  })
}

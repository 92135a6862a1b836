import assert from 'node:assert/strict'
import { it } from 'node:test'
import { declaredType, readDocuments } from './documents.ts'
import { customVersionsOf } from './kinds.ts'

const GVK = { group: 'x.example', version: 'v1', kind: 'X' }

it('a document of references to references ends', () => {
  const deep = Array.from({ length: 30 }, (_, level) => {
    const $ref = `#/components/schemas/level${level + 1}`
    const properties = Object.fromEntries('abcdefgh'.split('').map((name) => [name, { $ref }]))
    return [`level${level}`, { type: 'object', properties }] as const
  })
  const top = { type: 'object', properties: { spec: { $ref: '#/components/schemas/level0' } } }
  const schemas = { ...Object.fromEntries(deep), X: { ...top, 'x-kubernetes-group-version-kind': [GVK] } }
  assert.ok(declaredType({ components: { schemas } }, GVK, 'X'))
})

it('what a policy names leads nowhere but to groups and versions, and to so many of them', () => {
  const of = (apiGroups: string[], apiVersions: string[]) =>
    customVersionsOf({
      metadata: { name: 'p' },
      spec: { matchConstraints: { resourceRules: [{ apiGroups, apiVersions, resources: ['things'] }] } },
    })
  assert.deepEqual([...of(['..', 'a?b', 'a%2fb', 'x.example'], ['..', 'v1', 'v1#'])], ['x.example/v1'])
  const many = Array.from({ length: 3000 }, (_, index) => `v${index}`)
  assert.equal(of(many, many).size, 50)
})

it('an answer that is no document is as none', async () => {
  const transport = { request: () => Promise.resolve({ status: 200, headers: {}, body: null }) }
  assert.equal((await readDocuments(['x.example/v1'], transport)).size, 0)
})

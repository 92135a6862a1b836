import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Namespace } from '../../../api/generated/types/core/v1.ts'
import { serverWith } from '../plugin-tests.suite.ts'

test('a namespace is made for what is created in it, once, and not for a dry run', async () => {
  const server = await serverWith({ enable: ['NamespaceAutoProvision'] })
  const map = (name: string): object => ({ metadata: { name } })
  const inside = '/api/v1/namespaces/new/configmaps'
  assert.equal(await server.refused(404, 'POST', `${inside}?dryRun=All`, map('a')), 'namespaces "new" not found')
  const answers = await Promise.all(['a', 'b', 'c'].map((name) => server.send('POST', inside, map(name))))
  assert.deepEqual(
    answers.map(({ status }) => status),
    [201, 201, 201],
  )
  const made = await server.get<Namespace>('/api/v1/namespaces/new')
  assert.deepEqual(made.spec?.finalizers, ['kubernetes'])
})

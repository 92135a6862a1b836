import assert from 'node:assert/strict'
import { test } from 'node:test'
import { serverWith } from '../plugin-tests.suite.ts'

test('nothing is made in a namespace that is not there, even where nothing else says so', async () => {
  const server = await serverWith({ enable: ['NamespaceExists'], disable: ['NamespaceLifecycle'] })
  const path = '/api/v1/namespaces/none/configmaps'
  assert.equal(await server.refused(404, 'POST', path, { metadata: { name: 'a' } }), 'namespaces "none" not found')
  const open = await serverWith({ disable: ['NamespaceLifecycle'] })
  await open.create(path, { metadata: { name: 'a' } })
})

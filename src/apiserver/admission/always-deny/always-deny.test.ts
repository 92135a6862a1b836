import assert from 'node:assert/strict'
import { test } from 'node:test'
import { serverWith } from '../plugin-tests.suite.ts'
import type { GuardedServer } from '../../guarded-server.suite.ts'
import { alwaysDeny } from './plugin.ts'

test('every operation is refused', async () => {
  const definition = { group: '', plural: 'configmaps' }
  for (const operation of ['CREATE', 'UPDATE', 'DELETE', 'CONNECT'] as const) assert.ok(alwaysDeny.handles(operation))
  assert.throws(() => alwaysDeny.validate?.({ definition, name: 'a', object: undefined } as never), {
    message: 'configmaps "a" is forbidden: admission control is denying all modifications',
  })
  await assert.rejects(serverWith({ enable: ['AlwaysDeny'] }), 'not even the server makes what it needs')
  const server: GuardedServer = await serverWith({ enable: ['AlwaysAdmit'] })
  await server.create('/api/v1/namespaces/default/configmaps', { metadata: { name: 'a' } })
})

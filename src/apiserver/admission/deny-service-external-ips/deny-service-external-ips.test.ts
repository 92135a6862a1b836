import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Service } from '../../../api/generated/types/core/v1.ts'
import { MemoryStore } from '../../../store/memory/store.ts'
import { systemClock } from '../../../lib/clock.ts'
import { GuardedServer } from '../../guarded-server.suite.ts'

const SERVICES = '/api/v1/namespaces/default/services'
const DENIED = 'services "s" is forbidden: Use of external IPs is denied by admission control'

const service = (...externalIPs: string[]): object => ({
  metadata: { name: 's' },
  spec: { ports: [{ port: 80 }], externalIPs },
})

test('external IPs are kept and given up, not taken', async () => {
  const store = new MemoryStore({ clock: systemClock })
  const open = await GuardedServer.start({ store })
  const made = await open.create<Service>(SERVICES, service('192.0.2.1', '192.0.2.2'))
  const server = await GuardedServer.start({ store, admission: { enable: ['DenyServiceExternalIPs'] } })
  assert.equal(await server.refused(403, 'POST', SERVICES, service('192.0.2.3')), DENIED)
  const put = (externalIPs: string[]): object => ({
    ...made,
    metadata: { ...made.metadata, resourceVersion: undefined },
    spec: { ...made.spec, externalIPs },
  })
  await server.expect(200, 'PUT', `${SERVICES}/s`, put(['192.0.2.1', '192.0.2.2']))
  await server.expect(200, 'PUT', `${SERVICES}/s`, put(['192.0.2.2']))
  assert.equal(await server.refused(403, 'PUT', `${SERVICES}/s`, put(['192.0.2.1'])), DENIED)
})

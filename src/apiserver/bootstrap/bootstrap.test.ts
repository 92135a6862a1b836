import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Service } from '../../api/generated/types/core/v1.ts'
import type { KubeObject } from '../../apimachinery/meta.ts'
import { TestServer } from '../test-server.ts'
import { bootstrap } from './bootstrap.ts'

test('every cluster has its namespaces and its kubernetes Service, which follows the address', async () => {
  const server = new TestServer({ serviceNetwork: { cidrs: ['10.96.0.0/16'] } })
  const serviceCidrs = ['10.96.0.0/16']
  await bootstrap(server.server, { serviceCidrs, advertise: { address: '10.0.0.1', port: 6443 } })
  await bootstrap(server.server, { serviceCidrs, advertise: { address: '10.0.0.2', port: 7443 } })
  const { items } = await server.list('/api/v1/namespaces')
  assert.deepEqual(
    items.map(({ metadata }) => metadata.name),
    ['default', 'kube-node-lease', 'kube-public', 'kube-system'],
  )
  const service = await server.get<Service & KubeObject>('/api/v1/namespaces/default/services/kubernetes')
  assert.equal(service.spec.clusterIP, '10.96.0.1')
  const endpoints = await server.get<{ subsets: unknown }>('/api/v1/namespaces/default/endpoints/kubernetes')
  assert.deepEqual(endpoints.subsets, [
    { addresses: [{ ip: '10.0.0.2' }], ports: [{ name: 'https', port: 7443, protocol: 'TCP' }] },
  ])
})

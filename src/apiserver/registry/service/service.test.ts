import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Service, ServiceSpec } from '../../../api/generated/types/core/v1.ts'
import type { KubeObject } from '../../../apimachinery/meta.ts'
import type { Status } from '../../../apimachinery/status.ts'
import { TestServer } from '../../test-server.ts'

const SERVICES = '/api/v1/namespaces/default/services'
const ADDRESSES = '/apis/networking.k8s.io/v1/ipaddresses'

const service = (name: string, spec: Partial<ServiceSpec> = {}): unknown => ({
  metadata: { name },
  spec: { selector: { app: 'web' }, ports: [{ port: 80 }], ...spec },
})

const start = (): TestServer => new TestServer({ serviceNetwork: { cidrs: ['10.96.0.0/16'] } })
const create = (server: TestServer, name: string, spec?: Partial<ServiceSpec>): Promise<Service & KubeObject> =>
  server.create(SERVICES, service(name, spec))

test('a Service gets a cluster IP of its own, and gives it back', async () => {
  const server = start()
  const { spec } = await create(server, 'a')
  assert.match(spec.clusterIP ?? '', /^10\.96\./)
  assert.deepEqual(spec.clusterIPs, [spec.clusterIP])
  assert.deepEqual(spec.ipFamilies, ['IPv4'])
  assert.equal(spec.ipFamilyPolicy, 'SingleStack')
  const { items } = await server.list(ADDRESSES)
  assert.deepEqual(
    items.map(({ metadata }) => metadata.name),
    [spec.clusterIP],
  )
  const taken = await server.expect<Status>(
    422,
    'POST',
    SERVICES,
    service('b', { clusterIP: spec.clusterIP as string }),
  )
  assert.equal(
    taken.message,
    `Service "b" is invalid: spec.clusterIPs: Invalid value: ["${spec.clusterIP}"]: failed to allocate IP ${spec.clusterIP}: provided IP is already allocated`,
  )
  await server.expect(200, 'DELETE', `${SERVICES}/a`)
  assert.deepEqual((await server.list(ADDRESSES)).items, [])
  await create(server, 'b', { clusterIP: spec.clusterIP as string })
})

test('an address outside of the range is refused', async () => {
  const status = await start().expect<Status>(422, 'POST', SERVICES, service('a', { clusterIP: '10.97.0.1' }))
  assert.match(
    status.message ?? '',
    /failed to allocate IP 10\.97\.0\.1: the provided network does not match the current range$/,
  )
})

test('headless and external Services hold no address', async () => {
  const server = start()
  const headless = await create(server, 'headless', { clusterIP: 'None' })
  assert.deepEqual(headless.spec.clusterIPs, ['None'])
  assert.deepEqual(headless.spec.ipFamilies, ['IPv4'])
  const external = await create(server, 'external', { type: 'ExternalName', externalName: 'example.com' })
  assert.equal(external.spec.clusterIP, undefined)
  assert.deepEqual((await server.list(ADDRESSES)).items, [])
})

test('node ports are given once, kept over updates, and freed', async () => {
  const server = start()
  const a = await create(server, 'a', {
    type: 'NodePort',
    ports: [
      { name: 'x', port: 80, nodePort: 30080 },
      { name: 'y', port: 81 },
    ],
  })
  const [x, y] = a.spec.ports ?? []
  assert.equal(x?.nodePort, 30080)
  assert.ok((y?.nodePort ?? 0) >= 30000 && (y?.nodePort ?? 0) <= 32767)
  const taken = await server.expect<Status>(
    422,
    'POST',
    SERVICES,
    service('b', { type: 'NodePort', ports: [{ port: 80, nodePort: 30080 }] }),
  )
  assert.equal(
    taken.message,
    'Service "b" is invalid: spec.ports[0].nodePort: Invalid value: 30080: provided port is already allocated',
  )
  const outside = await server.expect<Status>(
    422,
    'POST',
    SERVICES,
    service('b', { type: 'NodePort', ports: [{ port: 80, nodePort: 80 }] }),
  )
  assert.match(
    outside.message ?? '',
    /provided port is not in the valid range. The range of valid ports is 30000-32767$/,
  )
  const again = await server.expect<Service & KubeObject>(200, 'PUT', `${SERVICES}/a`, {
    metadata: { name: 'a' },
    spec: {
      type: 'NodePort',
      selector: { app: 'web' },
      ports: [
        { name: 'x', port: 80 },
        { name: 'y', port: 81 },
      ],
    },
  })
  assert.deepEqual(
    again.spec.ports?.map(({ nodePort }) => nodePort),
    [30080, y?.nodePort],
  )
  assert.equal(again.spec.clusterIP, a.spec.clusterIP)
  const plain = await server.expect<Service & KubeObject>(200, 'PUT', `${SERVICES}/a`, {
    ...again,
    spec: { ...again.spec, type: 'ClusterIP' },
  })
  assert.deepEqual(
    plain.spec.ports?.map(({ nodePort }) => nodePort),
    [undefined, undefined],
  )
  await create(server, 'b', { type: 'NodePort', ports: [{ port: 80, nodePort: 30080 }] })
})

test('what was allocated is known after a restart', async () => {
  const first = start()
  const { store } = first.server.registry
  const a = await create(first, 'a', { type: 'NodePort', ports: [{ port: 80, nodePort: 30080 }] })
  await store.write({ key: `/registry/ipaddresses/${a.spec.clusterIP}`, value: null })
  const second = new TestServer({ store, serviceNetwork: { cidrs: ['10.96.0.0/16'] } })
  await second.expect(422, 'POST', SERVICES, service('b', { type: 'NodePort', ports: [{ port: 80, nodePort: 30080 }] }))
  await second.expect(422, 'POST', SERVICES, service('b', { clusterIP: a.spec.clusterIP as string }))
})

test('a refused or dry-run create takes nothing', async () => {
  const server = start()
  await server.expect(
    201,
    'POST',
    `${SERVICES}?dryRun=All`,
    service('a', { type: 'NodePort', ports: [{ port: 80, nodePort: 30080 }] }),
  )
  await create(server, 'taken')
  await server.expect(
    409,
    'POST',
    SERVICES,
    service('taken', { type: 'NodePort', ports: [{ port: 80, nodePort: 30080 }] }),
  )
  await create(server, 'b', { type: 'NodePort', ports: [{ port: 80, nodePort: 30080 }] })
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { cgroupDriverOf, driverInConfig } from './cgroup-driver.ts'
import { CriError, hasCode } from './error.ts'
import type { RuntimeService } from './services.ts'
import { criCodec } from './grpc/codec.ts'

test('messages go out and come back, with zero values and without absent messages', () => {
  const method = criCodec()('RuntimeService', 'ContainerStatus')
  assert.equal(method.path, '/runtime.v1.RuntimeService/ContainerStatus')
  assert.deepEqual([...method.encode({ containerId: 'c', verbose: true })], [10, 1, 99, 16, 1])
  const answer = method.decode(Buffer.from([10, 3, 10, 1, 99])) as { status: Record<string, unknown> }
  assert.equal(answer.status.id, 'c')
  assert.equal(answer.status.state, 'CONTAINER_CREATED')
  assert.deepEqual(answer.status.mounts, [])
  assert.ok(!('metadata' in answer.status), 'a message that is absent is not null')
})

test('environment values are bytes, large numbers numbers', () => {
  const method = criCodec()('RuntimeService', 'CreateContainer')
  const bytes = method.encode({ config: { envs: [{ key: 'K', value: new TextEncoder().encode('v') }] } })
  assert.ok(Buffer.from(bytes).includes(Buffer.from('v')))
  const stats = criCodec()('RuntimeService', 'PodSandboxStatus')
  assert.deepEqual(stats.decode(Buffer.from([32, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x10])), {
    info: {},
    containersStatuses: [],
    timestamp: 2 ** 46,
  })
})

test('errors are worded as Go words them, and told apart by code', () => {
  const error = new CriError('NotFound', 'no such thing')
  assert.equal(error.message, 'rpc error: code = NotFound desc = no such thing')
  assert.ok(hasCode(error, 'Unavailable', 'NotFound'))
  assert.ok(!hasCode(new Error('x'), 'NotFound'))
})

test('the cgroup driver, by CRI or by containerd’s own configuration', async () => {
  const asked = (runtime: Partial<RuntimeService>): Promise<string> => cgroupDriverOf(runtime as RuntimeService)
  assert.equal(await asked({ runtimeConfig: () => Promise.resolve({ linux: { cgroupDriver: 'SYSTEMD' } }) }), 'systemd')
  const config = (SystemdCgroup: boolean): string =>
    JSON.stringify({ containerd: { defaultRuntimeName: 'runc', runtimes: { runc: { options: { SystemdCgroup } } } } })
  const old = {
    runtimeConfig: () => Promise.reject(new CriError('Unimplemented', 'unknown method')),
    status: () => Promise.resolve({ info: { config: config(true) }, runtimeHandlers: [] }),
  }
  assert.equal(await asked(old), 'systemd')
  assert.equal(driverInConfig(config(false)), 'cgroupfs')
  assert.equal(driverInConfig('{}'), 'cgroupfs')
})

import assert from 'node:assert/strict'
import test from 'node:test'
import type { Service } from '../../api/generated/types/core/v1.ts'
import type { EndpointSlice } from '../../api/generated/types/discovery/v1.ts'
import { servicePorts } from './service-ports.ts'

const NODE = { nodeName: 'n1', zone: undefined }

function service(labels: Record<string, string> = {}): Service {
  return {
    metadata: { name: 'web', namespace: 'default', labels },
    spec: { type: 'ClusterIP', clusterIP: '10.96.0.7', clusterIPs: ['10.96.0.7'], ports: [{ name: 'http', port: 80 }] },
  }
}

function slice(ip: string, labels: Record<string, string> = {}): EndpointSlice {
  return {
    metadata: { name: `web-${ip}`, namespace: 'default', labels },
    addressType: 'IPv4' as EndpointSlice['addressType'],
    endpoints: [{ addresses: [ip] }],
    ports: [{ name: 'http', port: 8080, protocol: 'TCP' }],
  }
}

test('a Service that names another proxy is left to that one, even if the name is empty', () => {
  for (const name of ['ours-is-better', '']) {
    const other = service({ 'service.kubernetes.io/service-proxy-name': name })
    assert.deepEqual(servicePorts(other, [slice('10.244.0.3')], 'ip', NODE), [])
  }
  assert.equal(servicePorts(service(), [slice('10.244.0.3')], 'ip', NODE).length, 1)
})

test('a slice marked headless gets no packets, also when the Service has an address', () => {
  const slices = [slice('10.244.0.3', { 'service.kubernetes.io/headless': '' }), slice('10.244.0.4')]
  const [port] = servicePorts(service(), slices, 'ip', NODE)
  assert.deepEqual(port?.cluster, [{ ip: '10.244.0.4', port: 8080 }])
})

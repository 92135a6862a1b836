import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import test from 'node:test'
import type { Service } from '../../api/generated/types/core/v1.ts'
import type { EndpointSlice } from '../../api/generated/types/discovery/v1.ts'
import { servicePorts } from '../plan/service-ports.ts'
import { Rules, type Contribution } from './rules.ts'

const OPTIONS = { family: 'ip', table: 'skiff-test', podCidr: '10.244.0.0/16', serviceCidr: '10.96.0.0/16' } as const
const NODE = { nodeName: 'n1', zone: undefined }

function service(spec: Partial<Service['spec']> = {}, name = 'web'): Service {
  return {
    metadata: { name, namespace: 'default' },
    spec: {
      type: 'ClusterIP',
      clusterIP: '10.96.0.7',
      clusterIPs: ['10.96.0.7'],
      ports: [{ name: 'http', port: 80, protocol: 'TCP' }],
      ...spec,
    },
  }
}

function slice(...ips: string[]): EndpointSlice {
  return {
    metadata: { name: 'web-1', namespace: 'default' },
    addressType: 'IPv4' as EndpointSlice['addressType'],
    endpoints: ips.map((ip) => ({
      addresses: [ip],
      nodeName: ip.endsWith('9') ? 'n2' : 'n1',
      conditions: { ready: true },
    })),
    ports: [{ name: 'http', port: 8080, protocol: 'TCP' }],
  }
}

function contribution(spec: Partial<Service['spec']>, ...ips: string[]): Contribution {
  return { ports: servicePorts(service(spec), [slice(...ips)], 'ip', NODE) }
}

/** Every shape of Service that leads to rules of its own. */
const SHAPES: Record<string, Contribution> = {
  'one endpoint': contribution({}, '10.244.0.3'),
  'three endpoints': contribution({}, '10.244.0.3', '10.244.0.4', '10.244.0.9'),
  'no endpoints': contribution({ type: 'NodePort', ports: [{ name: 'http', port: 80, nodePort: 30080 }] }),
  'node port': contribution(
    { type: 'NodePort', ports: [{ name: 'http', port: 80, nodePort: 30080 }] },
    '10.244.0.3',
    '10.244.0.9',
  ),
  'node port, local': contribution(
    { type: 'NodePort', externalTrafficPolicy: 'Local', ports: [{ name: 'http', port: 80, nodePort: 30080 }] },
    '10.244.0.3',
    '10.244.0.9',
  ),
  'node port, local, none here': contribution(
    { type: 'NodePort', externalTrafficPolicy: 'Local', ports: [{ name: 'http', port: 80, nodePort: 30080 }] },
    '10.244.0.9',
  ),
  affinity: contribution(
    { sessionAffinity: 'ClientIP', sessionAffinityConfig: { clientIP: { timeoutSeconds: 60 } } },
    '10.244.0.3',
    '10.244.0.4',
  ),
  'external address with ranges': contribution(
    { externalIPs: ['203.0.113.7'], loadBalancerSourceRanges: ['198.51.100.0/24'] },
    '10.244.0.3',
  ),
  'host ports': {
    hostPorts: [
      { protocol: 'tcp', hostPort: 8443, hostIP: undefined, target: { ip: '10.244.0.3', port: 443 } },
      { protocol: 'udp', hostPort: 53, hostIP: '127.0.0.1', target: { ip: '10.244.0.3', port: 53 } },
    ],
  },
}

test('nothing changes when a Service stays the same', () => {
  const rules = new Rules(OPTIONS)
  rules.replaceAll(new Map())
  assert.notEqual(rules.replace('default/web', SHAPES['three endpoints']), '')
  assert.equal(rules.replace('default/web', SHAPES['three endpoints']), '')
})

test('the first Service to claim an address keeps it until it goes', () => {
  const rules = new Rules(OPTIONS)
  rules.replaceAll(new Map())
  const second: Contribution = { ports: servicePorts(service({}, 'other'), [slice('10.244.0.5')], 'ip', NODE) }
  rules.replace('default/web', SHAPES['one endpoint'])
  assert.doesNotMatch(rules.replace('default/other', second), /add element/)
  rules.replace('default/web', undefined)
  assert.match(rules.replace('default/other', second), /add element ip skiff-test service-ips/)
})

const cannot =
  process.getuid?.() !== 0
    ? 'needs root'
    : spawnSync('nft', ['--version']).error
      ? 'needs nft (apt-get install nftables)'
      : false

/** Runs a script in a network namespace of its own, which ends with the command. */
function inNamespace(script: string): string {
  return execFileSync('unshare', ['-n', 'sh', '-c', 'nft -f - && nft list ruleset'], {
    input: script,
    encoding: 'utf8',
  })
}

test(
  'the kernel takes every shape, every change from one to another, and nothing is left behind',
  { skip: cannot },
  () => {
    const rules = new Rules(OPTIONS)
    const empty = inNamespace(rules.replaceAll(new Map()))
    const names = Object.keys(SHAPES)
    let script = rules.replaceAll(new Map())
    for (const from of names) {
      for (const to of names) {
        script += rules.replace('default/web', SHAPES[from])
        script += rules.replace('default/web', SHAPES[to])
      }
    }
    script += rules.replace('default/web', undefined)
    assert.equal(inNamespace(script), empty)
  },
)

test('names too long for nft are shortened without losing their meaning', { skip: cannot }, () => {
  const name = 'a'.repeat(63)
  const long: Service = { ...service(), metadata: { name, namespace: 'b'.repeat(63) } }
  const rules = new Rules(OPTIONS)
  const listed = inNamespace(
    rules.replaceAll(new Map([['x', { ports: servicePorts(long, [slice('10.244.0.3', '10.244.0.4')], 'ip', NODE) }]])),
  )
  assert.match(listed, /10\.96\.0\.7 \. tcp \. 80 : goto cluster-b+/)
  assert.equal(listed.match(/dnat to/g)?.length, 2)
})

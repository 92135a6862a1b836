import assert from 'node:assert/strict'
import test from 'node:test'
import type { Service } from '../../api/generated/types/core/v1.ts'
import type { EndpointSlice } from '../../api/generated/types/discovery/v1.ts'
import type { ResourceRecord } from '../message.ts'
import { SERVICE_NAME_LABEL, type Names } from './names.ts'
import { resolveInZone } from './resolve.ts'
import { addressOfReverseName, resolveReverse } from './reverse.ts'

const SERVICES: Service[] = [
  {
    metadata: { name: 'web', namespace: 'default' },
    spec: {
      clusterIP: '10.96.0.7',
      clusterIPs: ['10.96.0.7', 'fd00::7'],
      ports: [
        { name: 'http', port: 80, protocol: 'TCP' },
        { name: 'dns', port: 53, protocol: 'UDP' },
      ],
    },
  },
  {
    metadata: { name: 'db', namespace: 'default' },
    spec: { clusterIP: 'None', clusterIPs: ['None'], ports: [{ name: 'sql', port: 5432, protocol: 'TCP' }] },
  },
  { metadata: { name: 'empty', namespace: 'default' }, spec: { clusterIP: 'None', clusterIPs: ['None'] } },
  { metadata: { name: 'far', namespace: 'default' }, spec: { type: 'ExternalName', externalName: 'example.com.' } },
]
const SLICES: EndpointSlice[] = [
  {
    metadata: { name: 'db-1', namespace: 'default', labels: { [SERVICE_NAME_LABEL]: 'db' } },
    addressType: 'IPv4' as EndpointSlice['addressType'],
    ports: [{ name: 'sql', port: 5432, protocol: 'TCP' }],
    endpoints: [
      { addresses: ['10.244.0.3'], hostname: 'db-0', conditions: { ready: true } },
      { addresses: ['10.244.0.4'], conditions: { ready: true } },
      { addresses: ['10.244.0.5'], conditions: { ready: false } },
    ],
  },
]
const names: Names = {
  service: (key) => SERVICES.find((s) => `${s.metadata.namespace}/${s.metadata.name}` === key),
  slicesOf: (key) => SLICES.filter((s) => `${s.metadata.namespace}/${s.metadata.labels?.[SERVICE_NAME_LABEL]}` === key),
  hasNamespace: (name) => name === 'default' || name === 'kube-system',
  servicesByIP: (ip) => SERVICES.filter((s) => s.spec.clusterIPs?.includes(ip)),
  slicesByIP: (ip) => SLICES.filter((s) => s.endpoints?.some((e) => e.addresses.includes(ip))),
}
const options = { zone: 'cluster.local', names }

function show(records: readonly ResourceRecord[]): string[] {
  return records.map((r) =>
    `${r.type} ${r.type === 'SRV' ? `${r.data.port} ${r.data.target}` : r.type === 'SOA' ? '' : r.data}`.trim(),
  )
}

const CASES: [string, string, string, string[]][] = [
  ['web.default.svc', 'A', 'NOERROR', ['A 10.96.0.7']],
  ['web.default.svc', 'AAAA', 'NOERROR', ['AAAA fd00::7']],
  ['web.default.svc', 'MX', 'NOERROR', []],
  [
    'web.default.svc',
    'SRV',
    'NOERROR',
    ['SRV 80 web.default.svc.cluster.local', 'SRV 53 web.default.svc.cluster.local'],
  ],
  ['_http._tcp.web.default.svc', 'SRV', 'NOERROR', ['SRV 80 web.default.svc.cluster.local']],
  ['_http._udp.web.default.svc', 'SRV', 'NXDOMAIN', []],
  ['_http._tcp.web.default.svc', 'A', 'NOERROR', []],
  ['_tcp.web.default.svc', 'A', 'NOERROR', []],
  ['db.default.svc', 'A', 'NOERROR', ['A 10.244.0.3', 'A 10.244.0.4']],
  ['db-0.db.default.svc', 'A', 'NOERROR', ['A 10.244.0.3']],
  ['10-244-0-4.db.default.svc', 'A', 'NOERROR', ['A 10.244.0.4']],
  ['db-1.db.default.svc', 'A', 'NXDOMAIN', []],
  [
    '_sql._tcp.db.default.svc',
    'SRV',
    'NOERROR',
    ['SRV 5432 db-0.db.default.svc.cluster.local', 'SRV 5432 10-244-0-4.db.default.svc.cluster.local'],
  ],
  ['empty.default.svc', 'A', 'NXDOMAIN', []],
  ['far.default.svc', 'A', 'NOERROR', ['CNAME example.com']],
  ['nothing.default.svc', 'A', 'NXDOMAIN', []],
  ['default.svc', 'A', 'NOERROR', []],
  ['web.elsewhere.svc', 'A', 'NXDOMAIN', []],
  ['10-244-0-9.default.pod', 'A', 'NOERROR', ['A 10.244.0.9']],
  ['10-244-0-999.default.pod', 'A', 'NXDOMAIN', []],
  ['dns-version', 'TXT', 'NOERROR', ['TXT 1.1.0']],
  ['web.default.svc.svc', 'A', 'NXDOMAIN', []],
]

for (const [name, type, code, records] of CASES) {
  test(`${name} ${type} is ${code} ${records.join(', ')}`, () => {
    const answer = resolveInZone({ name: `${name}.cluster.local`, type }, options)
    assert.equal(answer?.code, code)
    assert.deepEqual(show(answer?.answers ?? []), records)
    assert.equal(answer?.authorities.length, records.length === 0 ? 1 : 0)
  })
}

test('names outside the zone are left to the next handler', () => {
  assert.equal(resolveInZone({ name: 'example.com', type: 'A' }, options), undefined)
  assert.equal(resolveInZone({ name: 'notcluster.local', type: 'A' }, options), undefined)
})

test('addresses of Services and endpoints have names; others are left to the next handler', () => {
  const reverse = (ip: string): string[] | undefined => {
    const answer = resolveReverse({ name: `${ip.split('.').reverse().join('.')}.in-addr.arpa`, type: 'PTR' }, options)
    return answer && show(answer.answers)
  }
  assert.deepEqual(reverse('10.96.0.7'), ['PTR web.default.svc.cluster.local'])
  assert.deepEqual(reverse('10.244.0.3'), ['PTR db-0.db.default.svc.cluster.local'])
  assert.deepEqual(reverse('10.244.0.4'), ['PTR 10-244-0-4.db.default.svc.cluster.local'])
  assert.equal(reverse('192.0.2.1'), undefined)
})

test('reverse names are read in both families', () => {
  assert.equal(addressOfReverseName('7.0.96.10.in-addr.arpa'), '10.96.0.7')
  assert.equal(addressOfReverseName(`7.0.0.0.${'0.'.repeat(24)}0.0.d.f.ip6.arpa`), 'fd00::7')
  assert.equal(addressOfReverseName('example.com'), undefined)
})

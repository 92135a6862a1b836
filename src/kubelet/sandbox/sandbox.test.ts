import assert from 'node:assert/strict'
import { test } from 'node:test'
import { testPod } from '../testing/objects.ts'
import { sandboxConfig } from './config.ts'
import { dnsConfig, parseResolvConf } from './dns.ts'
import { hostnameOf, nodeHostname } from './hostname.ts'
import { hostsFile } from './hosts.ts'

const cluster = { domain: 'cluster.local', servers: ['10.96.0.10'] }
const host = '# made by hand\nnameserver 192.0.2.53 # first\nsearch example.com corp.\noptions timeout:1\n'

test('resolv.conf is read as resolv.conf(5) says', () => {
  assert.deepEqual(parseResolvConf(host), {
    servers: ['192.0.2.53'],
    searches: ['example.com', 'corp'],
    options: ['timeout:1'],
  })
})

test('DNS by policy', () => {
  const of = (spec: object): object => dnsConfig(testPod(spec), cluster, host).config
  const clusterFirst = {
    servers: ['10.96.0.10'],
    searches: ['default.svc.cluster.local', 'svc.cluster.local', 'cluster.local', 'example.com', 'corp'],
    options: ['ndots:5'],
  }
  assert.deepEqual(of({}), clusterFirst)
  assert.deepEqual(of({ hostNetwork: true, dnsPolicy: 'ClusterFirstWithHostNet' }), clusterFirst)
  assert.deepEqual(of({ hostNetwork: true }), parseResolvConf(host))
  assert.deepEqual(of({ dnsPolicy: 'Default' }), parseResolvConf(host))
  assert.deepEqual(of({ dnsPolicy: 'None', dnsConfig: { nameservers: ['1.1.1.1'] } }), {
    servers: ['1.1.1.1'],
    searches: [],
    options: [],
  })
})

test('dnsConfig is added, its options replace', () => {
  const extra = {
    nameservers: ['1.1.1.1'],
    searches: ['more'],
    options: [{ name: 'ndots', value: '2' }, { name: 'edns0' }],
  }
  const { config } = dnsConfig(testPod({ dnsConfig: extra }), cluster, '')
  assert.deepEqual(config.servers, ['10.96.0.10', '1.1.1.1'])
  assert.equal(config.searches.at(-1), 'more')
  assert.deepEqual(config.options, ['ndots:2', 'edns0'])
})

test('without cluster DNS a pod gets the node’s, and that is told', () => {
  const { config, missingClusterDns } = dnsConfig(testPod(), { domain: 'cluster.local', servers: [] }, host)
  assert.equal(missingClusterDns, true)
  assert.deepEqual(config.servers, ['192.0.2.53'])
})

test('host names', () => {
  const long = 'a'.repeat(62)
  assert.equal(hostnameOf(testPod({}, { metadata: { name: `${long}-b` } }), 'cluster.local').hostname, long)
  const named = testPod({ hostname: 'h', subdomain: 's', setHostnameAsFQDN: true })
  assert.equal(nodeHostname(named, 'cluster.local'), 'h.s.default.svc.cluster.local')
  assert.equal(nodeHostname(testPod({ hostname: 'h', subdomain: 's' }), 'cluster.local'), 'h')
  assert.equal(nodeHostname(testPod({ hostnameOverride: 'any.name' }), 'cluster.local'), 'any.name')
  assert.throws(
    () => nodeHostname(testPod({ hostname: long, subdomain: 's', setHostnameAsFQDN: true }), 'c.l'),
    /is too long \(64 characters is the max, 80 characters requested\)/,
  )
})

test('/etc/hosts names the pod, and its aliases', () => {
  const file = hostsFile(
    testPod({ hostname: 'h', subdomain: 's', hostAliases: [{ ip: '1.2.3.4', hostnames: ['a', 'b'] }] }),
    ['10.0.0.2'],
    'cluster.local',
    '',
  )
  assert.match(file, /^# Kubernetes-managed hosts file\.\n127\.0\.0\.1\tlocalhost\n/)
  assert.match(file, /\n10\.0\.0\.2\th\.s\.default\.svc\.cluster\.local\th\n/)
  assert.match(file, /\n# Entries added by HostAliases\.\n1\.2\.3\.4\ta\tb\n$/)
  const onHost = hostsFile(testPod({ hostNetwork: true }), [], 'cluster.local', '127.0.0.1 me\n')
  assert.equal(onHost, '# Kubernetes-managed hosts file (host network).\n127.0.0.1 me\n')
})

test('the sandbox has the pod’s ports, sysctls and labels', () => {
  const pod = testPod(
    {
      containers: [{ name: 'app', ports: [{ containerPort: 80, hostPort: 8080 }, { containerPort: 81 }] }],
      securityContext: { sysctls: [{ name: 'net/ipv4/tcp_syncookies', value: '1' }] },
    },
    { metadata: { name: 'web', namespace: 'default', uid: 'u1', labels: { app: 'web' } } },
  )
  const config = sandboxConfig(pod, {
    attempt: 1,
    dns: { servers: [], searches: [], options: [] },
    hostname: 'web',
    cgroupParent: '/p',
    logRoot: '/logs',
  })
  assert.deepEqual(config.portMappings, [{ protocol: 'TCP', containerPort: 80, hostPort: 8080, hostIp: '' }])
  assert.deepEqual(config.linux?.sysctls, { 'net.ipv4.tcp_syncookies': '1' })
  assert.equal(config.logDirectory, '/logs/default_web_u1')
  assert.equal(config.labels?.app, 'web')
  assert.equal(config.labels?.['io.kubernetes.pod.name'], 'web')
  assert.equal(config.metadata?.attempt, 1)
})

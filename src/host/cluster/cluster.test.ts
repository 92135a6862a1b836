import assert from 'node:assert/strict'
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { UserError } from '../user-error.ts'
import { parseRoutes } from '../network/routes.ts'
import { serviceAddresses } from '../network/service-tables.ts'
import { acquireLock } from './lock.ts'
import { boundedLog } from './log-file.ts'
import { hostNames } from './host-names.ts'
import { clusterPaths, socketPathsFit } from './paths.ts'
import { findInNamespaceBelow, identify, readProcessFile, writeProcessFile } from './process-file.ts'
import type { WantedSettings } from './resolve.ts'
import { firstNodeCidr, nthAddress, resolveSettings } from './resolve.ts'
import type { ClusterSettings } from './settings.ts'
import { checkName, contextName, defaultDataDir, listClusters, readSettings, writeSettings } from './settings.ts'

const folder = mkdtempSync(join(tmpdir(), 'skiff-cluster-'))
after(() => rmSync(folder, { recursive: true }))

const ROUTES = parseRoutes(`Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT
eth0\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\t0\t0\t0
tun0\t0000000A\t00000000\t0001\t0\t0\t0\t000000FF\t0\t0\t0
br-other\t0008010A\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0
`)

const resolve = (wanted: WantedSettings, saved?: ClusterSettings, others: ClusterSettings[] = []): ClusterSettings =>
  resolveSettings(wanted, { saved, others, routes: ROUTES, hostname: 'My_Box' })

const first = resolve({ name: 'skiff' })

test('the Services of clusters whose state lies elsewhere are left alone', () => {
  const table = `table ip skiff_other-1a2b3c_services {
	map tcp {
		elements = { 10.96.0.10 . tcp . 53 : goto cluster-kube-system/kube-dns/dns-tcp/tcp,
			     10.96.7.1 . tcp . 443 : goto cluster-default/kubernetes/https/tcp }
	}
}`
  const routes = serviceAddresses('skiff_other-1a2b3c_services', table)
  assert.deepEqual(
    routes.map(({ link, cidr }) => [link, cidr.prefixLength]),
    [
      ['skiff_other-1a2b3c_services', 24],
      ['skiff_other-1a2b3c_services', 24],
    ],
  )
  const context = { saved: undefined, others: [], routes, hostname: 'h' }
  assert.equal(resolveSettings({ name: 'a' }, context).serviceCidr, '10.97.0.0/16')
  assert.throws(
    () => resolveSettings({ name: 'a', serviceCidr: '10.96.0.0/16' }, context),
    /10\.96\.0\.0\/16 and 10\.96\.0\.0\/24 overlap: this machine reaches the second by skiff_other-1a2b3c_services/,
  )
  assert.deepEqual(serviceAddresses('x', 'table ip x { 1.2.3.4 }'), [])
})

test('a first cluster takes the addresses everybody knows', () => {
  assert.deepEqual(first, {
    name: 'skiff',
    apiPort: 6443,
    podCidr: '10.244.0.0/16',
    serviceCidr: '10.96.0.0/16',
    clusterDomain: 'cluster.local',
    nodeName: 'my-box',
    nodes: 1,
    runtime: 'containerd',
  })
})

test('a second one beside it gets others', () => {
  const second = resolve({ name: 'b' }, undefined, [first])
  assert.deepEqual([second.apiPort, second.podCidr, second.serviceCidr], [6444, '10.243.0.0/16', '10.97.0.0/16'])
})

test('addresses that the machine sends elsewhere are left alone', () => {
  const routes = parseRoutes('head\nbr-x\t0000F40A\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0\n')
  assert.equal(
    resolveSettings({ name: 'a' }, { saved: undefined, others: [], routes, hostname: 'h' }).podCidr,
    '10.243.0.0/16',
  )
})

test('what was chosen once holds until it is changed', () => {
  const saved = resolve({ name: 'a', apiPort: 7000, podCidr: '10.2.0.0/16' })
  assert.deepEqual(resolve({ name: 'a' }, saved), saved)
  assert.equal(resolve({ name: 'a', apiPort: 7001 }, saved).apiPort, 7001)
})

test('what cannot be is refused with what to do', () => {
  const cases: [WantedSettings, RegExp, ClusterSettings?, ClusterSettings[]?][] = [
    [{ name: 'a', podCidr: '10.0.0.0' }, /not a usable address range/],
    [{ name: 'a', serviceCidr: '10.0.0.0/30' }, /not a usable address range/],
    [{ name: 'a', podCidr: '10.96.1.0/24' }, /overlap/],
    [{ name: 'skiff', podCidr: '10.9.0.0/16' }, /cannot change/, first],
    [{ name: 'skiff', runtime: 'simulated' }, /cannot change/, first],
    [{ name: 'b', apiPort: 6443 }, /cluster "skiff" has port 6443/, undefined, [first]],
    [{ name: 'b', podCidr: '10.244.0.0/20' }, /overlap: cluster "skiff"/, undefined, [first]],
    [{ name: 'a', podCidr: '10.1.0.0/16' }, /10\.1\.8\.0\/24 overlap: this machine reaches the second by br-other/],
    [{ name: 'a', nodes: 3 }, /several need --runtime simulated/],
    [{ name: 'a', runtime: 'simulated', containerRuntimeEndpoint: '/x' }, /no use/],
  ]
  for (const [wanted, message, saved, others] of cases) {
    assert.throws(
      () => resolve(wanted, saved, others),
      (error) => error instanceof UserError && message.test(error.message) && error.hints.length > 0,
      message.source,
    )
  }
})

test('addresses are counted from the start of a range', () => {
  assert.equal(nthAddress('10.96.0.0/16', 10), '10.96.0.10')
  assert.equal(nthAddress('10.96.255.0/24', 1), '10.96.255.1')
  assert.equal(firstNodeCidr('10.244.0.0/16'), '10.244.0.0/24')
})

test('names fit where they are used', () => {
  for (const bad of ['', 'A', '-a', 'a_b', 'a/b', 'a'.repeat(33)]) assert.throws(() => checkName(bad), UserError, bad)
  assert.equal(contextName('skiff'), 'skiff')
  assert.equal(contextName('dev'), 'skiff-dev')
  assert.deepEqual(hostNames({ root: '/var/lib/skiff/skiff' }), {
    bridge: 'skiff0',
    cgroup: 'skiff/skiff',
    tablePrefix: 'skiff_skiff_',
  })
  const [here, there] = ['/here/skiff', '/there/skiff'].map((root) => hostNames({ root }))
  assert.notDeepEqual(here, there)
  assert.ok((here?.bridge.length ?? 99) <= 15)
  assert.ok(socketPathsFit(clusterPaths('/var/lib/skiff', 'a'.repeat(32))))
  assert.ok(!socketPathsFit(clusterPaths(`/${'long'.repeat(20)}`, 'a')))
})

test('state lies where root or a user may write, or where the environment says', () => {
  assert.equal(defaultDataDir({}, 0), '/var/lib/skiff')
  assert.match(defaultDataDir({}, 1000), /\.local\/share\/skiff$/)
  assert.equal(defaultDataDir({ XDG_DATA_HOME: '/x' }, 1000), '/x/skiff')
  assert.equal(defaultDataDir({ SKIFF_DATA_DIR: '/y' }, 0), '/y')
})

test('settings are remembered and clusters are found', () => {
  assert.equal(readSettings(clusterPaths(folder, 'a').settings), undefined)
  writeSettings(clusterPaths(folder, 'a').settings, { ...first, name: 'a' })
  assert.deepEqual(
    listClusters(folder).map((c) => c.name),
    ['a'],
  )
  assert.deepEqual(listClusters(join(folder, 'none')), [])
})

test('a process file names a process only while that very process lives', () => {
  const file = join(folder, 'pid')
  assert.equal(readProcessFile(file), undefined)
  writeProcessFile(file, process.pid)
  assert.equal(readProcessFile(file)?.pid, process.pid)
  assert.equal(identify(2 ** 22 + 1), undefined)
})

test('a process that is called otherwise where it runs is found by when it started and what it is called there', () => {
  const file = join(folder, 'elsewhere')
  assert.equal(findInNamespaceBelow(file), undefined)
  writeProcessFile(file, process.pid)
  assert.equal(findInNamespaceBelow(file)?.pid, process.pid)
  for (const other of [{ pid: process.pid + 1 }, { startTicks: '1' }, { bootId: 'before' }]) {
    writeFileSync(file, JSON.stringify({ ...identify(process.pid), ...other }))
    assert.equal(findInNamespaceBelow(file), undefined)
  }
})

test('a log is moved aside when it has grown large, and goes on', () => {
  const file = join(folder, 'log')
  const bound = boundedLog(file, 10)
  const write = (line: string): void => {
    appendFileSync(file, line)
    bound(line)
  }
  for (const line of ['first\n', 'second\n', 'third\n']) write(line)
  assert.equal(readFileSync(`${file}.1`, 'utf8'), 'first\nsecond\n')
  assert.equal(readFileSync(file, 'utf8'), 'third\n')
})

test('a lock is held once and freed on release', async () => {
  const held = await acquireLock(join(folder, 'lock'))
  assert.ok(held)
  assert.equal(await acquireLock(join(folder, 'lock')), undefined)
  await held.release()
  const again = await acquireLock(join(folder, 'lock'))
  await again?.release()
  assert.ok(again)
})

import assert from 'node:assert/strict'
import { it } from 'node:test'
import type { ServiceCIDR } from '../../api/generated/types/networking/v1.ts'
import { ipAddresses, serviceCIDRs } from '../../api/index.ts'
import type { Frozen } from '../../apimachinery/meta.ts'
import { startBench, type ControllerBench } from '../testing/bench.suite.ts'
import { serviceCidrsController } from './controller.ts'
import { canGo } from './plan.ts'

const LABELS = {
  'ipaddress.kubernetes.io/ip-family': 'IPv4',
  'ipaddress.kubernetes.io/managed-by': 'ipallocator.k8s.io',
}

function range(name: string, ...cidrs: string[]): ServiceCIDR {
  return { metadata: { name }, spec: { cidrs } }
}

function address(name: string, labels: Record<string, string> = LABELS) {
  return {
    metadata: { name, labels },
    spec: { parentRef: { resource: 'services', namespace: 'default', name: `at-${name}` } },
  }
}

function readyOf({ status }: Frozen<ServiceCIDR>): string {
  const condition = status?.conditions?.find(({ type }) => type === 'Ready')
  return `${condition?.status} ${condition?.reason}`
}

async function withBench(act: (bench: ControllerBench) => Promise<void>): Promise<void> {
  const bench = await startBench([serviceCidrsController])
  try {
    await act(bench)
  } finally {
    await bench.stop()
  }
}

it('a range is ready, and protected', async () => {
  await withBench(async (bench) => {
    await bench.client(serviceCIDRs).create(range('more', '10.97.0.0/24'))
    await bench.settle()
    const more = await bench.client(serviceCIDRs).get('more')
    assert.equal(readyOf(more), 'True ')
    assert.deepEqual(more.metadata.finalizers, ['networking.k8s.io/service-cidr-finalizer'])
  })
})

it('a range without addresses goes ten seconds after its deletion', async () => {
  await withBench(async (bench) => {
    const client = bench.client(serviceCIDRs)
    await client.create(range('more', '10.97.0.0/24'))
    await bench.settle()
    await client.delete('more')
    await bench.advance(9_000)
    assert.equal((await client.list()).items.length, 1)
    await bench.advance(2_000)
    assert.equal((await client.list()).items.length, 0)
  })
})

it('a range stays while a Service has its address from it, and says so', async () => {
  await withBench(async (bench) => {
    const client = bench.client(serviceCIDRs)
    await client.create(range('more', '10.97.0.0/24'))
    await bench.client(ipAddresses).create(address('10.97.0.9'))
    await bench.settle()
    await client.delete('more')
    await bench.advance(60_000)
    assert.equal(readyOf(await client.get('more')), 'False Terminating')
    await bench.client(ipAddresses).delete('10.97.0.9')
    await bench.advance(1_000)
    assert.equal((await client.list()).items.length, 0)
  })
})

it('a wider range made later lets a used one go', async () => {
  await withBench(async (bench) => {
    const client = bench.client(serviceCIDRs)
    await client.create(range('more', '10.97.0.0/24'))
    await bench.client(ipAddresses).create(address('10.97.0.9'))
    await bench.settle()
    await client.delete('more')
    await bench.advance(60_000)
    await client.create(range('wide', '10.97.0.0/16'))
    await bench.advance(1_000)
    assert.deepEqual(
      (await client.list()).items.map(({ metadata }) => metadata.name),
      ['wide'],
    )
  })
})

const a = range('a', '10.97.0.0/24')
const CASES: Record<string, [ServiceCIDR, ServiceCIDR[], ReturnType<typeof address>[], boolean]> = {
  'an address that somebody else made holds nothing': [a, [a], [address('10.97.0.9', {})], true],
  'an address elsewhere holds nothing': [a, [a], [address('10.98.0.9')], true],
  'the same block again covers it': [a, [a, range('b', '10.97.0.0/24')], [address('10.97.0.9')], true],
  'a part that holds the address is enough': [a, [a, range('b', '10.97.0.0/28')], [address('10.97.0.9')], true],
  'a part elsewhere is not': [a, [a, range('b', '10.97.0.128/28')], [address('10.97.0.9')], false],
  'each family counts': [
    range('two', '10.97.0.0/24', 'fd00::/112'),
    [range('two', '10.97.0.0/24', 'fd00::/112'), range('b', '10.97.0.0/16')],
    [address('fd00::9')],
    false,
  ],
}
for (const [name, [gone, all, addresses, expected]] of Object.entries(CASES))
  it(name, () => assert.equal(canGo(gone, all, addresses), expected))

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { HostFacts } from './facts.ts'
import { distributions, gatherFacts, hasCapability } from './facts.ts'
import { planContainers, planSimulated } from './plan.ts'
import { REQUIREMENTS } from './requirements.ts'

const programs = new Map(REQUIREMENTS.map((r) => [r.program, `/usr/bin/${r.program}`]))
const ready: HostFacts = {
  platform: 'linux',
  isRoot: true,
  distributions: ['debian'],
  packageManager: 'apt-get',
  programs,
  cniFolder: '/usr/lib/cni',
  cgroups: 'v2',
  canRaisePriority: true,
  kernelHas: { overlay: true, namespaces: true },
  freeBytes: 1e11,
  dataFolderWritable: true,
}
const without = (...names: string[]): HostFacts['programs'] =>
  new Map([...programs].filter(([name]) => !names.includes(name)))

test('a machine with everything lacks nothing', () => {
  const plan = planContainers(ready)
  assert.deepEqual([plan.blockers, plan.missing, plan.warnings, plan.packages], [[], [], [], []])
  assert.equal(plan.installCommand, undefined)
})

test('everything that is missing stands in one list, each package once', () => {
  const plan = planContainers({ ...ready, programs: new Map(), cniFolder: undefined })
  assert.equal(plan.missing.length, REQUIREMENTS.length)
  assert.equal(
    plan.installCommand,
    'apt-get update && apt-get install -y --no-install-recommends containerd runc nftables conntrack iproute2 ' +
      'busybox-static catatonit containernetworking-plugins',
  )
  assert.equal(plan.canInstall, true)
})

test('other systems get their own names, and sudo when not root', () => {
  const fedora = { ...ready, isRoot: false, distributions: ['fedora'], packageManager: 'dnf' as const }
  const plan = planContainers({ ...fedora, programs: without('conntrack', 'ip') })
  assert.equal(plan.installCommand, 'sudo dnf install -y conntrack-tools iproute')
  assert.equal(plan.canInstall, false)
})

test('what can be done without is only a warning', () => {
  const plan = planContainers({ ...ready, programs: without('catatonit') })
  assert.deepEqual(plan.missing, [])
  assert.match(plan.warnings[0]?.what ?? '', /busybox takes its place/)
})

test('no root, no cgroups, another platform and a full disk each say what to do', () => {
  const cases: [Partial<HostFacts>, RegExp][] = [
    [{ isRoot: false }, /--runtime simulated/],
    [{ cgroups: 'none' }, /mount cgroup v2/],
    [{ platform: 'darwin' }, /--runtime simulated/],
    [{ freeBytes: 1000 }, /free some space/],
    [{ dataFolderWritable: false }, /--data-dir/],
  ]
  for (const [facts, todo] of cases) assert.match(planContainers({ ...ready, ...facts }).blockers[0]?.todo ?? '', todo)
})

test('simulated pods need neither root nor programs', () => {
  const plan = planSimulated({ ...ready, platform: 'darwin', isRoot: false, programs: new Map(), cgroups: 'none' })
  assert.deepEqual(plan.blockers, [])
})

test('os-release names a system and its kin', () => {
  assert.deepEqual(distributions('NAME="Pop!_OS"\nID=pop\nID_LIKE="ubuntu debian"\n'), ['pop', 'ubuntu', 'debian'])
})

test('capabilities are read from the effective set', () => {
  assert.equal(hasCapability('CapEff:\t000001ffffffffff\n', 24n), true)
  assert.equal(hasCapability('CapEff:\t000001fffeffffff\n', 24n), false)
})

test('this machine can be looked at', () => {
  const facts = gatherFacts('/nonexistent/folder/deep')
  assert.equal(facts.platform, process.platform)
  assert.equal(facts.programs.get('sh'), undefined)
})

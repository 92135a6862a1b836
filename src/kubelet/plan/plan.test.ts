import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Container, Pod } from '../pod/spec.ts'
import type { ObservedContainer, ObservedPod } from '../runtime/observed.ts'
import { testContainer, testObserved, testPod, testSandbox } from '../testing/objects.ts'
import { plan, terminationOrder, type Plan, type ProbeView } from './plan.ts'

const named = (name: string, more: Partial<Container> = {}): Container => ({ name, image: 'busybox:1', ...more })
const app = named('app')
const side = named('side', { restartPolicy: 'Always' })
const noProbes: ProbeView = () => undefined

/** A plan, said shortly: `kill pod`, `sandbox 1`, `kill a`, `init b`, `start c`. */
function said(result: Plan): string[] {
  return [
    ...(result.killPod ? ['kill pod'] : []),
    ...result.kill.map(({ name }) => `kill ${name}`),
    ...result.resize.map(({ container }) => `resize ${container.name}`),
    ...(result.createSandbox ? [`sandbox ${result.attempt}`] : []),
    ...result.startEphemeral.map(({ name }) => `ephemeral ${name}`),
    ...result.startInit.map(({ name }) => `init ${name}`),
    ...result.start.map(({ name }) => `start ${name}`),
  ]
}

const planOf = (pod: Pod, observed: ObservedPod, probes = noProbes): string[] => said(plan({ pod, observed, probes }))
const ended = (container: Container, exitCode: number, more: Partial<ObservedContainer> = {}): ObservedContainer =>
  testContainer(container, { state: 'exited', exitCode, ...more })

/** One end of `source` restarts all of the pod. */
function restartAllCases(): typeof cases {
  const exitCodes = { operator: 'In' as const, values: [42] }
  const rules = { restartPolicy: 'Never', restartPolicyRules: [{ action: 'RestartAllContainers', exitCodes }] }
  const source = named('source', rules as Partial<Container>)
  const init = named('init')
  const pod = testPod({ restartPolicy: 'Never', initContainers: [side, init], containers: [source, app] })
  const end = ended(source, 42)
  const later = { createdAtMs: 4000, roundMs: end.finishedAtMs }
  return [
    {
      name: 'an end that restarts all: what runs is killed, the sidecars last',
      pod,
      observed: testObserved([testContainer(side), ended(init, 0), end, testContainer(app)]),
      want: ['kill app', 'kill side'],
    },
    {
      name: 'also what was made while that end came',
      pod,
      observed: testObserved([testContainer(app, { createdAtMs: 4000 }), ended(side, 137), ended(init, 0), end]),
      want: ['kill app'],
    },
    {
      name: 'then initialisation begins anew in the same sandbox',
      pod,
      observed: testObserved([ended(side, 137), ended(init, 0), end, ended(app, 137)]),
      want: ['init side'],
    },
    {
      name: 'what is of the new round stays',
      pod,
      observed: testObserved([
        testContainer(side, later),
        ended(init, 0, later),
        ended(side, 137),
        ended(init, 0),
        end,
        ended(app, 137),
      ]),
      want: ['start source', 'start app'],
    },
    {
      name: 'another end restarts nothing',
      pod,
      observed: testObserved([testContainer(side), ended(init, 0), ended(source, 1), testContainer(app)]),
      want: [],
    },
    {
      name: 'an init container may restart all, too',
      pod: testPod({ restartPolicy: 'Never', initContainers: [side, init, source] }),
      observed: testObserved([testContainer(side), ended(init, 0), end]),
      want: ['kill side'],
    },
  ]
}

test('what is started after such an end carries its time', () => {
  const exitCodes = { operator: 'In' as const, values: [42] }
  const app42 = named('app', { restartPolicyRules: [{ action: 'RestartAllContainers', exitCodes }] })
  const pod = testPod({ containers: [app42] })
  const planned = plan({ pod, observed: testObserved([ended(app42, 42)]), probes: noProbes })
  assert.deepEqual([said(planned), planned.roundMs], [['start app'], 3000])
  assert.equal(plan({ pod, observed: testObserved([]), probes: noProbes }).roundMs, 0)
})

const cases: { name: string; pod: Pod; observed: ObservedPod; probes?: ProbeView; want: string[] }[] = [
  {
    name: 'a new pod gets a sandbox and its container',
    pod: testPod(),
    observed: testObserved([], []),
    want: ['kill pod', 'sandbox 0', 'start app'],
  },
  { name: 'a pod that runs is left alone', pod: testPod(), observed: testObserved([testContainer(app)]), want: [] },
  {
    name: 'init containers come first, one by one',
    pod: testPod({ initContainers: [named('a'), named('b')] }),
    observed: testObserved([], []),
    want: ['kill pod', 'sandbox 0', 'init a'],
  },
  {
    name: 'an init container that runs is waited for',
    pod: testPod({ initContainers: [named('a'), named('b')] }),
    observed: testObserved([testContainer(named('a'))]),
    want: [],
  },
  {
    name: 'the next init container follows a success',
    pod: testPod({ initContainers: [named('a'), named('b')] }),
    observed: testObserved([ended(named('a'), 0)]),
    want: ['init b'],
  },
  {
    name: 'containers follow the last init container',
    pod: testPod({ initContainers: [named('a'), named('b')] }),
    observed: testObserved([ended(named('b'), 0)]),
    want: ['start app'],
  },
  {
    name: 'a failed init container is tried again',
    pod: testPod({ initContainers: [named('a')] }),
    observed: testObserved([ended(named('a'), 1)]),
    want: ['init a'],
  },
  {
    name: 'a failed init container ends a pod that is never restarted',
    pod: testPod({ initContainers: [named('a')], restartPolicy: 'Never' }),
    observed: testObserved([ended(named('a'), 1)]),
    want: ['kill pod'],
  },
  {
    name: 'init containers that are gone are not run again beside a running container',
    pod: testPod({ initContainers: [named('a')] }),
    observed: testObserved([testContainer(app)]),
    want: [],
  },
  {
    name: 'a sidecar that runs lets the next one start',
    pod: testPod({ initContainers: [side, named('b')] }),
    observed: testObserved([testContainer(side)]),
    want: ['init b'],
  },
  {
    name: 'a sidecar is waited for until its startup probe has passed',
    pod: testPod({ initContainers: [{ ...side, startupProbe: {} }, named('b')] }),
    observed: testObserved([testContainer(side)]),
    want: [],
  },
  {
    name: 'a sidecar that has ended is started again beside the containers',
    pod: testPod({ initContainers: [side] }),
    observed: testObserved([ended(side, 0), testContainer(app)]),
    want: ['init side'],
  },
  {
    name: 'sidecars do not keep a pod alive that is done',
    pod: testPod({ initContainers: [side], restartPolicy: 'Never' }),
    observed: testObserved([testContainer(side), ended(app, 0)]),
    want: ['kill pod'],
  },
  ...restartAllCases(),
  {
    name: 'a container that has ended is started again',
    pod: testPod(),
    observed: testObserved([ended(app, 0)]),
    want: ['start app'],
  },
  {
    name: 'unless it succeeded and only failures count',
    pod: testPod({ restartPolicy: 'OnFailure' }),
    observed: testObserved([ended(app, 0)]),
    want: ['kill pod'],
  },
  {
    name: 'a failure is started again then',
    pod: testPod({ restartPolicy: 'OnFailure' }),
    observed: testObserved([ended(app, 1)]),
    want: ['start app'],
  },
  {
    name: 'a restart rule restarts what the pod would not',
    pod: testPod({
      restartPolicy: 'Never',
      containers: [
        named('app', { restartPolicyRules: [{ action: 'Restart', exitCodes: { operator: 'In', values: [42] } }] }),
      ],
    }),
    observed: testObserved([ended(app, 42)]),
    want: ['start app'],
  },
  {
    name: 'and its own policy comes before the pod’s',
    pod: testPod({ containers: [named('app', { restartPolicy: 'Never' })] }),
    observed: testObserved([ended(app, 1)]),
    want: ['kill pod'],
  },
  {
    name: 'a container with another image is replaced',
    pod: testPod({ containers: [named('app', { image: 'busybox:2' })], restartPolicy: 'Never' }),
    observed: testObserved([testContainer(app)]),
    want: ['kill app', 'start app'],
  },
  {
    name: 'a failed liveness probe restarts',
    pod: testPod({ containers: [named('app', { livenessProbe: {} })] }),
    observed: testObserved([testContainer(app)]),
    probes: () => false,
    want: ['kill app', 'start app'],
  },
  {
    name: 'or ends what is never restarted, without ending the rest',
    pod: testPod({ containers: [named('app', { livenessProbe: {} }), named('other')], restartPolicy: 'Never' }),
    observed: testObserved([testContainer(app), testContainer(named('other'))]),
    probes: () => false,
    want: ['kill app'],
  },
  {
    name: 'a container of unknown state is killed before it is started',
    pod: testPod(),
    observed: testObserved([testContainer(app, { state: 'unknown' })]),
    want: ['kill app', 'start app'],
  },
  {
    name: 'a sandbox that has gone is replaced, with everything in it',
    pod: testPod({ initContainers: [named('a')] }),
    observed: testObserved([ended(app, 137)], [testSandbox({ ready: false })]),
    want: ['kill pod', 'sandbox 1', 'init a'],
  },
  {
    name: 'but not for a pod that is never restarted',
    pod: testPod({ restartPolicy: 'Never' }),
    observed: testObserved([ended(app, 137)], [testSandbox({ ready: false })]),
    want: ['kill pod'],
  },
  {
    name: 'nor for one of which all have succeeded',
    pod: testPod({ restartPolicy: 'OnFailure' }),
    observed: testObserved([ended(app, 0)], [testSandbox({ ready: false })]),
    want: ['kill pod'],
  },
  {
    name: 'a sandbox on the wrong network is replaced',
    pod: testPod({ hostNetwork: true }),
    observed: testObserved([], [testSandbox()]),
    want: ['kill pod', 'sandbox 1', 'start app'],
  },
  {
    name: 'of two sandboxes that are up neither stays',
    pod: testPod(),
    observed: testObserved([], [testSandbox({ id: 's1', attempt: 1 }), testSandbox()]),
    want: ['kill pod', 'sandbox 2', 'start app'],
  },
  {
    name: 'init containers of an earlier sandbox count for nothing',
    pod: testPod({ initContainers: [named('a')] }),
    observed: testObserved([ended(named('a'), 0, { sandboxId: 'old' })]),
    want: ['init a'],
  },
  {
    name: 'an ephemeral container is started once',
    pod: testPod({ ephemeralContainers: [{ name: 'debug', image: 'busybox:1' }] }),
    observed: testObserved([testContainer(app)]),
    want: ['ephemeral debug'],
  },
  {
    name: 'and never again',
    pod: testPod({ ephemeralContainers: [{ name: 'debug', image: 'busybox:1' }] }),
    observed: testObserved([testContainer(app), ended(named('debug'), 1)]),
    want: [],
  },
]

for (const { name, pod, observed, probes, want } of cases) {
  test(name, () => assert.deepEqual(planOf(pod, observed, probes), want))
}

const limited = (cpu: string, policy?: string): Container =>
  named('app', {
    resources: { requests: { cpu }, limits: { cpu, memory: '64Mi' } },
    ...(policy && { resizePolicy: [{ resourceName: 'cpu', restartPolicy: policy }] }),
  })
const having = (container: Container, cpuShares: number, cpuQuota: number): ObservedContainer =>
  testContainer(container, { resources: { cpuShares, cpuQuota, memoryLimitInBytes: 64 * 1024 ** 2 } as never })

test('a running container gets other limits in place, or by a restart where it asks for one', () => {
  const of = (container: Container, running: ObservedContainer): string[] =>
    planOf(testPod({ containers: [container] }), testObserved([running]))
  assert.deepEqual(of(limited('500m'), having(limited('500m'), 512, 50_000)), [])
  assert.deepEqual(of(limited('1'), having(limited('500m'), 512, 50_000)), ['resize app'])
  assert.deepEqual(of(limited('1', 'NotRequired'), having(limited('500m'), 512, 50_000)), ['resize app'])
  assert.deepEqual(of(limited('1', 'RestartContainer'), having(limited('500m'), 512, 50_000)), [
    'kill app',
    'start app',
  ])
  assert.deepEqual(of(limited('1'), testContainer(limited('500m'))), [], 'a runtime that does not tell is left alone')
  const side: Container = { ...limited('1'), name: 'side', restartPolicy: 'Always' }
  const beside = planOf(
    testPod({ initContainers: [side] }),
    testObserved([having(side, 512, 50_000), testContainer(app)]),
  )
  assert.deepEqual(beside, ['resize side'])
})

test('why a container is killed is said as upstream says it', () => {
  const pod = testPod({ containers: [named('app', { livenessProbe: {} })] })
  const [kill] = plan({ pod, observed: testObserved([testContainer(app)]), probes: () => false }).kill
  assert.deepEqual(kill, {
    id: 'app-0',
    name: 'app',
    message: 'Container app failed liveness probe, will be restarted',
    reason: 'LivenessProbe',
  })
})

test('sidecars end after the others, the last started first', () => {
  const pod = testPod({
    initContainers: [named('s1', { restartPolicy: 'Always' }), named('s2', { restartPolicy: 'Always' })],
  })
  const running = ['s1', 's2', 'app'].map((name) => testContainer(named(name)))
  const waves = terminationOrder(pod, running).map((wave) => wave.map(({ name }) => name))
  assert.deepEqual(waves, [['app'], ['s2'], ['s1']])
})

const states = fc.record({
  state: fc.constantFrom('created', 'running', 'exited', 'unknown' as const),
  exitCode: fc.constantFrom(0, 1, 137),
})

test('property: following the plan brings every pod to rest', () => {
  const pods = fc.record({
    restartPolicy: fc.constantFrom('Always', 'OnFailure', 'Never' as const),
    init: fc.array(fc.boolean(), { maxLength: 3 }),
    containers: fc.integer({ min: 1, max: 3 }),
    seen: fc.dictionary(fc.constantFrom('i0', 'i1', 'i2', 'c0', 'c1', 'c2'), states),
    ready: fc.boolean(),
  })
  fc.assert(
    fc.property(pods, ({ restartPolicy, init, containers, seen, ready }) => {
      const pod = testPod({
        restartPolicy,
        initContainers: init.map((sidecar, i) => named(`i${i}`, sidecar ? { restartPolicy: 'Always' } : {})),
        containers: Array.from({ length: containers }, (_, i) => named(`c${i}`)),
      })
      const specs = [...(pod.spec.initContainers ?? []), ...pod.spec.containers]
      const known = specs.flatMap((spec) =>
        seen[spec.name] ? [testContainer(spec, seen[spec.name] as Partial<ObservedContainer>)] : [],
      )
      let observed = testObserved(known, [testSandbox({ ready })])
      for (let pass = 0; pass < 20; pass++) {
        const next = plan({ pod, observed, probes: noProbes })
        if (said(next).length === 0 || (next.killPod && !next.createSandbox)) return
        observed = follow(pod, observed, next, pass)
      }
      assert.fail('still not at rest')
    }),
    { numRuns: 300 },
  )
})

/** Does what the plan says; init containers that are started succeed. */
function follow(pod: Pod, before: ObservedPod, next: Plan, pass: number): ObservedPod {
  const sandboxId = next.createSandbox ? `s${next.attempt}` : (before.sandboxes[0]?.id ?? '')
  const sandboxes = next.createSandbox ? [testSandbox({ id: sandboxId, attempt: next.attempt })] : before.sandboxes
  const killed = new Set(next.kill.map(({ id }) => id))
  const kept = before.containers.map((c) =>
    next.killPod || killed.has(c.id) ? { ...c, state: 'exited' as const, exitCode: 137 } : c,
  )
  const started = [...next.startInit, ...next.start].map((container) => {
    const regularInit = pod.spec.initContainers?.includes(container) === true && container.restartPolicy !== 'Always'
    return testContainer(container, {
      id: `${container.name}-${pass + 1}`,
      sandboxId,
      ...(regularInit && { state: 'exited' }),
    })
  })
  return { ...before, sandboxes, containers: [...started, ...kept] }
}

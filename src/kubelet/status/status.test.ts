import assert from 'node:assert/strict'
import { test } from 'node:test'
import type * as api from '../../api/generated/types/core/v1.ts'
import type { Container, Pod } from '../pod/spec.ts'
import type { ObservedContainer, ObservedPod } from '../runtime/observed.ts'
import { testContainer, testObserved, testPod, testSandbox } from '../testing/objects.ts'
import { isOnlyGeneration, statusPatch } from './diff.ts'
import { podStatus, type StatusFacts } from './generate.ts'

const app: Container = { name: 'app', image: 'busybox:1' }
const init: Container = { name: 'init', image: 'busybox:1' }
const NOW = Date.UTC(2026, 0, 1)

function status(pod: Pod, observed: ObservedPod, more: Partial<StatusFacts> = {}): api.PodStatus {
  return podStatus({
    pod,
    observed,
    waiting: new Map(),
    probes: () => ({}),
    hostIPs: ['192.0.2.1'],
    nowMs: NOW,
    runtimeName: 'containerd',
    finished: false,
    ...more,
  })
}

const exited = (container: Container, exitCode: number, more: Partial<ObservedContainer> = {}): ObservedContainer =>
  testContainer(container, { state: 'exited', exitCode, ...more })

const ruled = (action: 'Restart' | 'RestartAllContainers', name: string): Container => ({
  name,
  image: 'busybox:1',
  restartPolicy: 'Never',
  restartPolicyRules: [{ action, exitCodes: { operator: 'In', values: [42] } }],
})

test('a pod whose containers are all to be started again has not ended, and says so', () => {
  const source = ruled('RestartAllContainers', 'source')
  const pod = testPod({ restartPolicy: 'Never', initContainers: [source] })
  const restarting = status(pod, testObserved([exited(source, 42)]))
  const condition = restarting.conditions?.find(({ type }) => type === 'AllContainersRestarting')
  assert.equal(restarting.phase, 'Pending')
  assert.equal(condition?.status, 'True')
  assert.equal(condition?.reason, 'RestartAllContainersStarted')
  const victim = testPod({ restartPolicy: 'Never', containers: [app], initContainers: [source] })
  const killed = status(victim, testObserved([exited(app, 137), exited(source, 42)]))
  assert.equal(killed.phase, 'Running')
  const anew = testObserved([testContainer(source, { createdAtMs: 4000, roundMs: 3000 }), exited(source, 42)])
  const again = status(pod, anew).conditions?.find(({ type }) => type === 'AllContainersRestarting')
  assert.equal(again?.status, 'False')
  const conditions = status(testPod(), testObserved([testContainer(app)])).conditions ?? []
  assert.ok(!conditions.some(({ type }) => type === 'AllContainersRestarting'))
})

test('an init container that a rule restarts has not failed the pod; one of its own policy Never has', () => {
  const retried = ruled('Restart', 'init')
  const never = testPod({ restartPolicy: 'Never', initContainers: [retried] })
  assert.equal(status(never, testObserved([exited(retried, 42)])).phase, 'Pending')
  assert.equal(status(never, testObserved([exited(retried, 1)])).phase, 'Failed')
  const always = testPod({ initContainers: [{ ...init, restartPolicy: 'Never' }] })
  assert.equal(status(always, testObserved([exited(init, 1)])).phase, 'Failed')
})

const phases: { name: string; pod: Pod; containers: ObservedContainer[]; finished?: boolean; want: string }[] = [
  { name: 'nothing there yet', pod: testPod(), containers: [], want: 'Pending' },
  { name: 'running', pod: testPod(), containers: [testContainer(app)], want: 'Running' },
  { name: 'ended, to be started again', pod: testPod(), containers: [exited(app, 1)], want: 'Running' },
  {
    name: 'ended well, never again',
    pod: testPod({ restartPolicy: 'Never' }),
    containers: [exited(app, 0)],
    want: 'Succeeded',
  },
  {
    name: 'ended badly, never again',
    pod: testPod({ restartPolicy: 'Never' }),
    containers: [exited(app, 2)],
    want: 'Failed',
  },
  {
    name: 'ended well, failures only',
    pod: testPod({ restartPolicy: 'OnFailure' }),
    containers: [exited(app, 0)],
    want: 'Succeeded',
  },
  {
    name: 'ended badly, failures only',
    pod: testPod({ restartPolicy: 'OnFailure' }),
    containers: [exited(app, 1)],
    want: 'Running',
  },
  {
    name: 'initialising',
    pod: testPod({ initContainers: [init] }),
    containers: [testContainer(init)],
    want: 'Pending',
  },
  {
    name: 'init failed for good',
    pod: testPod({ initContainers: [init], restartPolicy: 'Never' }),
    containers: [exited(init, 1)],
    want: 'Failed',
  },
  { name: 'deleted and ended well', pod: testPod(), containers: [exited(app, 0)], finished: true, want: 'Succeeded' },
  { name: 'deleted and killed', pod: testPod(), containers: [exited(app, 137)], finished: true, want: 'Failed' },
  { name: 'deleted before anything ran', pod: testPod(), containers: [], finished: true, want: 'Failed' },
]
for (const { name, pod, containers, finished = false, want } of phases) {
  test(`phase: ${name}`, () => assert.equal(status(pod, testObserved(containers), { finished }).phase, want))
}

test('a running pod is Ready, with its addresses', () => {
  const found = status(testPod(), testObserved([testContainer(app)]))
  assert.equal(found.podIP, '10.0.0.2')
  assert.deepEqual(found.hostIPs, [{ ip: '192.0.2.1' }])
  assert.equal(found.startTime, '2026-01-01T00:00:00Z')
  const conditions = Object.fromEntries((found.conditions ?? []).map(({ type, status: value }) => [type, value]))
  assert.deepEqual(conditions, {
    PodReadyToStartContainers: 'True',
    Initialized: 'True',
    Ready: 'True',
    ContainersReady: 'True',
    PodScheduled: 'True',
  })
  const [container] = found.containerStatuses ?? []
  assert.equal(container?.containerID, 'containerd://app-0')
  assert.deepEqual([container?.ready, container?.started], [true, true])
})

test('what is not ready is named as upstream names it', () => {
  const pod = testPod({ initContainers: [init] })
  const found = status(pod, testObserved([testContainer(init)]))
  const condition = (type: string): api.PodCondition | undefined => found.conditions?.find((c) => c.type === type)
  assert.equal(condition('Initialized')?.message, 'containers with incomplete status: [init]')
  assert.equal(condition('Ready')?.reason, 'ContainersNotReady')
  assert.equal(condition('ContainersReady')?.message, 'containers with unready status: [app]')
  assert.deepEqual(found.containerStatuses?.[0]?.state, { waiting: { reason: 'PodInitializing' } })
})

test('readiness gates are told one by one', () => {
  const pod = testPod(
    { readinessGates: [{ conditionType: 'a' }, { conditionType: 'b' }] },
    { status: { conditions: [{ type: 'b', status: 'False' }] } },
  )
  const found = status(pod, testObserved([testContainer(app)]))
  const ready = found.conditions?.find(({ type }) => type === 'Ready')
  assert.equal(ready?.reason, 'ReadinessGatesNotReady')
  assert.equal(
    ready?.message,
    'corresponding condition of pod readiness gate "a" does not exist., the status of pod readiness gate "b" is not "True", but False',
  )
  assert.ok(
    found.conditions?.some(({ type }) => type === 'b'),
    'conditions of others are kept',
  )
})

test('a crash loop shows the wait, and the end before it', () => {
  const waiting = new Map([['app', { reason: 'CrashLoopBackOff', message: 'back-off 10s' }]])
  const [container] =
    status(testPod(), testObserved([exited(app, 1, { restartCount: 4, message: 'boom' })]), { waiting })
      .containerStatuses ?? []
  assert.deepEqual(container?.state, { waiting: { reason: 'CrashLoopBackOff', message: 'back-off 10s' } })
  assert.equal(container?.lastState?.terminated?.message, 'boom')
  assert.equal(container?.lastState?.terminated?.reason, 'Error')
  assert.equal(container?.restartCount, 4)
})

test('a container that ran and is nowhere to be found ended in an unknown way', () => {
  const pod = testPod(
    {},
    {
      status: {
        containerStatuses: [
          {
            name: 'app',
            ready: true,
            restartCount: 1,
            image: 'i',
            imageID: '',
            containerID: 'containerd://x',
            state: { running: {} },
          },
        ],
      },
    },
  )
  const [container] = status(pod, testObserved([])).containerStatuses ?? []
  assert.deepEqual(container?.state?.terminated, {
    exitCode: 137,
    reason: 'ContainerStatusUnknown',
    message: 'The container could not be located when the pod was terminated',
    containerID: 'containerd://x',
  })
})

test('probes decide who is started and ready', () => {
  const pod = testPod({ containers: [{ name: 'app', image: 'busybox:1', readinessProbe: {}, startupProbe: {} }] })
  const of = (started?: boolean, ready?: boolean): unknown[] => {
    const probes = () => ({ ...(started !== undefined && { started }), ...(ready !== undefined && { ready }) })
    const [container] = status(pod, testObserved([testContainer(app)]), { probes }).containerStatuses ?? []
    return [container?.started, container?.ready]
  }
  assert.deepEqual(of(), [false, false])
  assert.deepEqual(of(true), [true, false])
  assert.deepEqual(of(true, true), [true, true])
  assert.deepEqual(of(false, true), [false, false])
})

test('a verdict is told when nothing runs any more, and not before', () => {
  const verdict = { reason: 'Evicted', message: 'out of memory' }
  assert.equal(status(testPod(), testObserved([testContainer(app)]), { verdict }).phase, 'Running')
  const after = status(testPod(), testObserved([exited(app, 137)]), { verdict })
  assert.deepEqual([after.phase, after.reason, after.message], ['Failed', 'Evicted', 'out of memory'])
})

test('a condition keeps its time while its status stays', () => {
  const old = { type: 'Ready', status: 'True', lastTransitionTime: '2025-01-01T00:00:00Z' }
  const pod = testPod({}, { status: { conditions: [old] } })
  const time = (observed: ObservedPod): string | undefined =>
    status(pod, observed).conditions?.find(({ type }) => type === 'Ready')?.lastTransitionTime
  assert.equal(time(testObserved([testContainer(app)])), '2025-01-01T00:00:00Z')
  assert.equal(time(testObserved([])), '2026-01-01T00:00:00Z')
})

test('a pod keeps its address when its sandbox is gone', () => {
  const pod = testPod({}, { status: { podIP: '10.0.0.9', podIPs: [{ ip: '10.0.0.9' }] } })
  assert.equal(status(pod, testObserved([], [])).podIP, '10.0.0.9')
  assert.equal(status(pod, testObserved([], [testSandbox({ ips: ['10.0.0.3'] })])).podIP, '10.0.0.3')
})

test('only what has changed is written', () => {
  const before = status(testPod(), testObserved([]))
  const after = status(testPod({}, { status: before }), testObserved([testContainer(app)]))
  const patch = statusPatch(before, after)
  assert.deepEqual(Object.keys(patch ?? {}).sort(), ['conditions', 'containerStatuses', 'phase'])
  assert.deepEqual(
    ((patch?.conditions ?? []) as api.PodCondition[]).map(({ type }) => type),
    ['Ready', 'ContainersReady'],
  )
  assert.equal(statusPatch(after, after), undefined)
})

test('what is no longer said is taken away', () => {
  const before: api.PodStatus = {
    phase: 'Failed',
    reason: 'X',
    podIPs: [{ ip: '1' }],
    conditions: [{ type: 'Ready', status: 'False', reason: 'R' }],
  }
  assert.deepEqual(
    statusPatch(before, { phase: 'Failed', podIPs: [{ ip: '2' }], conditions: [{ type: 'Ready', status: 'True' }] }),
    {
      reason: null,
      podIPs: [{ $patch: 'replace' }, { ip: '2' }],
      conditions: [{ type: 'Ready', status: 'True', reason: null }],
    },
  )
})

test('a newer generation alone is no hurry', () => {
  const seen = (generation: number, ready: string): api.PodStatus => ({
    observedGeneration: generation,
    conditions: [{ type: 'Ready', status: ready, observedGeneration: generation }],
  })
  const only = (before: api.PodStatus, after: api.PodStatus): boolean =>
    isOnlyGeneration(before, statusPatch(before, after) ?? {})
  assert.equal(only(seen(1, 'True'), seen(2, 'True')), true)
  assert.equal(only(seen(1, 'True'), seen(2, 'False')), false)
  assert.equal(only(seen(1, 'True'), { ...seen(2, 'True'), phase: 'Running' }), false)
})

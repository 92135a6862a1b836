import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Probe } from '../../api/generated/types/core/v1.ts'
import { VirtualClock } from '../../lib/clock.ts'
import { silentLogger } from '../../lib/log.ts'
import { seededRandom } from '../../lib/random.ts'
import { CriError } from '../cri/error.ts'
import type { RuntimeService } from '../cri/services.ts'
import type { PodNetwork } from '../host/network.ts'
import { check } from './check.ts'
import { Prober, type ProbeKind } from './prober.ts'

interface Watched {
  readonly clock: VirtualClock
  /** `seconds: verdict` as they came. */
  readonly verdicts: string[]
  readonly events: string[]
  /** Seconds of each look. */
  readonly looks: number[]
  answer: () => Promise<{ status: number; body: string }>
}

/** A probe of a container that starts at second 0. */
function probing(kind: ProbeKind, probe: Probe, ok: (second: number) => boolean): Watched {
  const clock = new VirtualClock(0)
  const second = (): number => clock.now() / 1000
  const watched: Watched = {
    clock,
    verdicts: [],
    events: [],
    looks: [],
    answer: () => Promise.resolve(ok(second()) ? { status: 200, body: '' } : { status: 500, body: '' }),
  }
  const network = {
    http: () => {
      watched.looks.push(second())
      return watched.answer()
    },
  } as unknown as PodNetwork
  new Prober({
    kind,
    probe: { httpGet: { port: 80 }, ...probe },
    target: { container: { name: 'app' }, containerId: 'c', podIP: '10.0.0.2' },
    means: { runtime: {} as RuntimeService, network, userAgent: 'test' },
    env: { clock, random: seededRandom(1), log: silentLogger },
    startedAtMs: 0,
    onVerdict: (passed) => watched.verdicts.push(`${second()}: ${passed}`),
    event: (_, reason, message) => watched.events.push(`${reason}: ${message}`),
  }).start()
  return watched
}

test('readiness follows the container, by its thresholds', async () => {
  const watched = probing(
    'readiness',
    { periodSeconds: 10, successThreshold: 2, failureThreshold: 2 },
    (s) => s < 35 || s > 75,
  )
  await watched.clock.advance(110_000)
  assert.deepEqual(watched.verdicts, ['20: true', '50: false', '90: true'])
  assert.equal(watched.events[0], 'Unhealthy: Readiness probe failed: HTTP probe failed with statuscode: 500')
})

test('a container is seen ready soon after it is, between the periods', async () => {
  const watched = probing('readiness', { periodSeconds: 10 }, (s) => s >= 0.4)
  await watched.clock.advance(10_000)
  assert.deepEqual(watched.verdicts, ['0.7: true'])
  assert.deepEqual(watched.events, [], 'looks that do not count are not told')
})

test('nothing is looked at before the initial delay', async () => {
  const watched = probing('readiness', { initialDelaySeconds: 5, periodSeconds: 10 }, () => true)
  await watched.clock.advance(16_000)
  assert.deepEqual(watched.looks, [5, 15])
})

test('liveness fails after its threshold, and is not looked at again', async () => {
  const watched = probing('liveness', { periodSeconds: 1, failureThreshold: 3 }, (s) => s < 4)
  await watched.clock.advance(20_000)
  assert.deepEqual(watched.verdicts, ['6: false'])
  assert.deepEqual(watched.looks, [1, 2, 3, 4, 5, 6])
})

test('extra looks at a starting container make nothing fail sooner', async () => {
  const watched = probing('startup', { periodSeconds: 2, failureThreshold: 3 }, () => false)
  await watched.clock.advance(20_000)
  assert.deepEqual(watched.verdicts, ['6: false'])
  assert.equal(watched.events.length, 3)
  assert.ok(watched.looks.length > 3)
})

test('a startup probe that has passed is done', async () => {
  const watched = probing('startup', { periodSeconds: 1, failureThreshold: 9 }, (s) => s >= 3)
  await watched.clock.advance(10_000)
  assert.deepEqual(watched.verdicts, ['3: true'])
  assert.equal(watched.looks.at(-1), 3)
})

const means = (runtime: Partial<RuntimeService>, network: Partial<PodNetwork> = {}): Parameters<typeof check>[2] => ({
  runtime: runtime as RuntimeService,
  network: network as PodNetwork,
  userAgent: 'kube-probe/1.36',
})
const target = {
  container: { name: 'app', ports: [{ name: 'web', containerPort: 8080 }] },
  containerId: 'c',
  podIP: '10.0.0.2',
}
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

test('exec probes go by the exit code, and time out', async () => {
  const answer = (exitCode: number) => () => Promise.resolve({ exitCode, stdout: bytes('out'), stderr: bytes('err') })
  const probe = { exec: { command: ['ls', '-l'] }, timeoutSeconds: 3 }
  assert.deepEqual(await check(probe, target, means({ execSync: answer(0) })), { result: 'success', output: 'outerr' })
  assert.equal((await check(probe, target, means({ execSync: answer(1) }))).result, 'failure')
  const late = await check(
    probe,
    target,
    means({ execSync: () => Promise.reject(new CriError('DeadlineExceeded', 'late')) }),
  )
  assert.deepEqual(late, { result: 'failure', output: 'command timed out: "ls -l" timed out after 3s' })
  const broken = await check(probe, target, means({ execSync: () => Promise.reject(new CriError('Unknown', 'no')) }))
  assert.equal(broken.result, 'error', 'what says nothing of the container is no failure of it')
})

test('http probes resolve ports by name and send what they are told to', async () => {
  let sent: Parameters<PodNetwork['http']>[0] | undefined
  const http: PodNetwork['http'] = (request) => {
    sent = request
    return Promise.resolve({ status: 302, body: '', redirectedTo: 'http://elsewhere/' })
  }
  const probe = {
    httpGet: {
      port: 'web',
      path: 'x?y=1',
      httpHeaders: [
        { name: 'X', value: '1' },
        { name: 'accept', value: '' },
      ],
    },
  }
  const found = await check(probe, target, means({}, { http }))
  assert.equal(found.result, 'warning')
  assert.deepEqual([sent?.host, sent?.port, sent?.path], ['10.0.0.2', 8080, '/x?y=1'])
  assert.deepEqual(sent?.headers, [
    { name: 'X', value: '1' },
    { name: 'User-Agent', value: 'kube-probe/1.36' },
  ])
  const unknown = await check({ httpGet: { port: 'nope' } }, target, means({}, { http }))
  assert.equal(unknown.result, 'error')
})

test('grpc probes need the service to serve', async () => {
  const status = (name: string): Partial<PodNetwork> => ({ grpcHealth: () => Promise.resolve(name) })
  assert.equal((await check({ grpc: { port: 1 } }, target, means({}, status('SERVING')))).result, 'success')
  const not = await check({ grpc: { port: 1 } }, target, means({}, status('NOT_SERVING')))
  assert.deepEqual(not, { result: 'failure', output: 'service unhealthy (responded with "NOT_SERVING")' })
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { IDLE, pod, shellContainer, shellPod } from '../pod.ts'
import type { PodSteps } from './steps.ts'

/** How containers start, are looked after, and end. */
export function lifeCases({ cluster, kubectl, create, get, status, becomes, hasEvent, ended }: PodSteps): void {
  test('restart policies', async () => {
    await create(shellPod('never-again', 'exit 1', { spec: { restartPolicy: 'Never' } }))
    await create(
      shellPod('on-failure', '[ -e /v/seen ] && exit 0; touch /v/seen; exit 1', {
        spec: { restartPolicy: 'OnFailure', volumes: [{ name: 'v', emptyDir: {} }] },
        container: { volumeMounts: [{ name: 'v', mountPath: '/v' }] },
      }),
    )
    await create(shellPod('always', 'exit 0'))
    await ended('never-again', 'Failed')
    assert.equal(await status('never-again', '.restartCount'), '0')
    await ended('on-failure', 'Succeeded')
    assert.equal(await status('on-failure', '.restartCount'), '1')
    await becomes('always', '{.status.containerStatuses[0].restartCount}', /^[1-9]/)
    assert.equal(await status('always', '.lastState.terminated.reason'), 'Completed')
  })

  test('init containers run one after another, before the others', async () => {
    const volumeMounts = [{ name: 'v', mountPath: '/v' }]
    const write = (word: string): string => `echo ${word} >>/v/order`
    await create(
      pod('inits', {
        volumes: [{ name: 'v', emptyDir: {} }],
        initContainers: ['first', 'second'].map((name) =>
          shellContainer(name, `sleep 0.3; ${write(name)}`, { volumeMounts }),
        ),
        containers: [shellContainer('main', `${write('main')}; ${IDLE}`, { volumeMounts })],
      }),
    )
    await kubectl().ready('pod/inits')
    assert.equal(await kubectl().ok('exec', 'inits', '-c', 'main', '--', 'cat', '/v/order'), 'first\nsecond\nmain\n')
    assert.equal(
      await get('inits', '{.status.initContainerStatuses[*].state.terminated.reason}'),
      'Completed Completed',
    )
    await create(
      pod('bad-init', {
        restartPolicy: 'Never',
        initContainers: [shellContainer('first', 'exit 4')],
        containers: [shellContainer('main', IDLE)],
      }),
    )
    await ended('bad-init', 'Failed')
    assert.match(await kubectl().ok('get', 'pod', 'bad-init'), /0\/1 +Init:Error +0/)
  })

  test('a sidecar starts first, goes on, and does not keep a task from ending', async () => {
    const volumeMounts = [{ name: 'v', mountPath: '/v' }]
    const sidecar = shellContainer('side', `touch /v/there; ${IDLE}`, {
      volumeMounts,
      restartPolicy: 'Always',
      startupProbe: { exec: { command: ['test', '-e', '/v/there'] }, periodSeconds: 1 },
    })
    await create(
      pod('sidecar', {
        restartPolicy: 'Never',
        terminationGracePeriodSeconds: 5,
        volumes: [{ name: 'v', emptyDir: {} }],
        initContainers: [sidecar],
        containers: [shellContainer('main', 'test -e /v/there && sleep 0.5', { volumeMounts })],
      }),
    )
    await ended('sidecar', 'Succeeded')
    assert.equal(await status('sidecar', '.state.terminated.exitCode'), '0')
    assert.equal(await get('sidecar', '{.status.initContainerStatuses[0].started}'), 'false')
  })

  test('hooks: after the start, and before the end', async () => {
    const lifecycle = {
      postStart: { exec: { command: ['sh', '-c', 'echo started >/v/hooks'] } },
      preStop: { exec: { command: ['sh', '-c', 'echo stopping >>/v/hooks'] } },
    }
    const volumes = [{ name: 'v', hostPath: { path: `${cluster.place.folder}/hooks`, type: 'DirectoryOrCreate' } }]
    const spec = { volumes, terminationGracePeriodSeconds: 10 }
    const volumeMounts = [{ name: 'v', mountPath: '/v' }]
    await create(shellPod('hooked', IDLE, { container: { lifecycle, volumeMounts }, spec }))
    await kubectl().ready('pod/hooked')
    assert.equal(await kubectl().ok('exec', 'hooked', '--', 'cat', '/v/hooks'), 'started\n')
    await kubectl().ok('delete', 'pod', 'hooked')
    await create(shellPod('looker', `cat /v/hooks; ${IDLE}`, { container: { volumeMounts }, spec: { volumes } }))
    await kubectl().ready('pod/looker')
    assert.equal(await kubectl().ok('logs', 'looker'), 'started\nstopping\n')
    const failing = { postStart: { exec: { command: ['false'] } } }
    await create(shellPod('bad-hook', IDLE, { container: { lifecycle: failing } }))
    await hasEvent('bad-hook', /FailedPostStartHook +.*PostStartHook failed/)
  })

  test('probes: startup, readiness, liveness; exec, http and tcp', async () => {
    const web = 'mkdir /www; echo ok >/www/health; httpd -p 8080 -h /www; '
    const http = { httpGet: { path: '/health', port: 8080 }, periodSeconds: 1, failureThreshold: 1 }
    const line = `${web}${IDLE}`
    const startupProbe = { tcpSocket: { port: 8080 }, periodSeconds: 1 }
    await create(shellPod('probed', line, { container: { startupProbe, readinessProbe: http } }))
    await kubectl().ready('pod/probed')
    await kubectl().ok('exec', 'probed', '--', 'rm', '/www/health')
    await kubectl().ok('wait', '--for=condition=Ready=false', 'pod/probed', '--timeout=30s')
    await hasEvent('probed', /Unhealthy +.*Readiness probe failed: HTTP probe failed with statuscode: 404/)
    await kubectl().ok('exec', 'probed', '--', 'touch', '/www/health')
    await kubectl().ready('pod/probed')
    const livenessProbe = {
      exec: { command: ['cat', '/alive'] },
      periodSeconds: 1,
      failureThreshold: 1,
      initialDelaySeconds: 1,
    }
    await create(shellPod('dying', IDLE, { container: { livenessProbe } }))
    await becomes('dying', '{.status.containerStatuses[0].restartCount}', /^[1-9]/)
    await hasEvent('dying', /Unhealthy +.*Liveness probe failed: cat: can't open '\/alive'/)
    await hasEvent('dying', /Killing +.*Container main failed liveness probe, will be restarted/)
  })

  test('what a container leaves as its last words', async () => {
    await create(
      shellPod('last-words', 'echo gone fishing >/dev/termination-log; exit 1', { spec: { restartPolicy: 'Never' } }),
    )
    await create(
      shellPod('from-log', 'echo seen in the log; exit 1', {
        spec: { restartPolicy: 'Never' },
        container: { terminationMessagePolicy: 'FallbackToLogsOnError' },
      }),
    )
    await ended('last-words', 'Failed')
    assert.equal(await status('last-words', '.state.terminated.message'), 'gone fishing\n')
    await ended('from-log', 'Failed')
    assert.equal(await status('from-log', '.state.terminated.message'), 'seen in the log\n')
  })
}

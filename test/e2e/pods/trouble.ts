import assert from 'node:assert/strict'
import { test } from 'node:test'
import { IDLE, pod, shellPod } from '../pod.ts'
import type { PodSteps } from './steps.ts'

/** What goes wrong is told as upstream tells it: states, reasons, messages and Events. */
export function troubleCases({ kubectl, create, get, status, becomes, hasEvent, ended }: PodSteps): void {
  test('an image that is not there', async () => {
    await create(pod('no-image', { containers: [{ name: 'main', image: 'localhost:1/none:1' }] }))
    await becomes(
      'no-image',
      '{.status.containerStatuses[0].state.waiting.reason}',
      /^(ErrImagePull|ImagePullBackOff)$/,
    )
    await hasEvent('no-image', /Warning +Failed +.*Failed to pull image "localhost:1\/none:1"/)
    await hasEvent('no-image', /Warning +Failed +.*Error: ErrImagePull/)
    await hasEvent('no-image', /Normal +BackOff +.*Back-off pulling image "localhost:1\/none:1"/)
    await hasEvent('no-image', /Error: ImagePullBackOff/)
    assert.equal(await get('no-image', '{.status.phase}'), 'Pending')
    assert.match(await kubectl().refused(['logs', 'no-image']), /is waiting to start/)
  })

  test('an image that may not be pulled, and a name that is none', async () => {
    await create(pod('never', { containers: [{ name: 'main', image: 'absent:1', imagePullPolicy: 'Never' }] }))
    await becomes('never', '{.status.containerStatuses[0].state.waiting.reason}', /^ErrImageNeverPull$/)
    await hasEvent('never', /ErrImageNeverPull +.*Container image "absent:1" is not present with pull policy of Never/)
    await create(pod('misnamed', { containers: [{ name: 'main', image: 'Not_A:Name:1' }] }))
    await becomes('misnamed', '{.status.containerStatuses[0].state.waiting.reason}', /^InvalidImageName$/)
    await hasEvent('misnamed', /InspectFailed +.*Failed to apply default image tag "Not_A:Name:1"/)
  })

  test('a command that cannot run', async () => {
    await create(shellPod('no-command', '', { container: { command: ['/no/such/program'] } }))
    await becomes('no-command', '{.status.containerStatuses[0].state}', /RunContainerError|CrashLoopBackOff/)
    assert.equal((await status('no-command', '.lastState.terminated.reason')) || 'StartError', 'StartError')
    await hasEvent('no-command', /Warning +Failed +.*\/no\/such\/program.*no such file or directory/)
  })

  test('a ConfigMap that is missing', async () => {
    const envFrom = [{ configMapRef: { name: 'missing' } }]
    await create(shellPod('no-config', IDLE, { container: { envFrom } }))
    await becomes('no-config', '{.status.containerStatuses[0].state.waiting.reason}', /^CreateContainerConfigError$/)
    await hasEvent('no-config', /Error: configmap "missing" not found/)
    const volumes = [{ name: 'v', configMap: { name: 'missing' } }]
    await create(
      shellPod('no-volume', IDLE, {
        spec: { volumes },
        container: { volumeMounts: [{ name: 'v', mountPath: '/v' }] },
      }),
    )
    await hasEvent(
      'no-volume',
      /FailedMount +.*MountVolume\.SetUp failed for volume "v" : configmap "missing" not found/,
    )
    assert.equal(await status('no-volume', '.state.waiting.reason'), 'ContainerCreating')
    await kubectl().ok('create', 'configmap', 'missing', '--from-literal=COLOUR=blue')
    await kubectl().ready('pod/no-config')
    assert.equal(await kubectl().ok('exec', 'no-config', '--', 'sh', '-c', 'echo $COLOUR'), 'blue\n')
  })

  test('a container that ends again and again', async () => {
    await create(shellPod('crashing', 'echo going; exit 3'))
    await becomes('crashing', '{.status.containerStatuses[0].state.waiting.reason}', /^CrashLoopBackOff$/)
    assert.equal(await status('crashing', '.lastState.terminated.exitCode'), '3')
    assert.equal(await status('crashing', '.lastState.terminated.reason'), 'Error')
    assert.match(
      await status('crashing', '.state.waiting.message'),
      /^back-off 10s restarting failed container=main pod=crashing_pods\(\S+\)$/,
    )
    await hasEvent('crashing', /Warning +BackOff +.*Back-off restarting failed container main in pod crashing_pods\(/)
    assert.equal(await kubectl().ok('logs', 'crashing', '--previous'), 'going\n')
    assert.match(await kubectl().ok('get', 'pod', 'crashing'), /0\/1 +CrashLoopBackOff +[1-9]/)
  })

  test('more memory than it may have', async () => {
    const resources = { limits: { memory: '16Mi' } }
    const line = 'head -c 64m /dev/zero | tail -c 64m >/dev/null; tail /dev/zero'
    await create(shellPod('greedy', line, { container: { resources }, spec: { restartPolicy: 'Never' } }))
    await ended('greedy', 'Failed')
    assert.match(await status('greedy', '.state.terminated'), /"exitCode":137,.*"reason":"OOMKilled"/)
  })

  test('a pod that fits nowhere', async () => {
    await create(shellPod('huge', IDLE, { container: { resources: { requests: { cpu: '1000' } } } }))
    await hasEvent('huge', /FailedScheduling +.*0\/1 nodes are available: 1 Insufficient cpu/)
    await create(shellPod('picky', IDLE, { spec: { nodeSelector: { disk: 'gold' } } }))
    await hasEvent('picky', /0\/1 nodes are available: 1 node\(s\) didn't match Pod's node affinity\/selector/)
  })

  test('a pod that has run out of time', async () => {
    await create(shellPod('late', IDLE, { spec: { activeDeadlineSeconds: 1, restartPolicy: 'Never' } }))
    await ended('late', 'Failed')
    assert.equal(
      await get('late', '{.status.reason} {.status.message}'),
      'DeadlineExceeded Pod was active on the node longer than the specified deadline',
    )
  })
}

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { eventually } from '../eventually.ts'
import type { Bench } from './objects.ts'

/** Ends pods at once: a program that is process 1 hears no signal it has not asked for. */
const NO_GRACE = JSON.stringify({ spec: { template: { spec: { terminationGracePeriodSeconds: 0 } } } })

/** Commands about workloads that real and simulated pods both understand. */
export function workloadCases(bench: () => Bench): void {
  test('create deployment, scale, set image, and the commands of rollout', async () => {
    const { kubectl, image } = bench()
    const rollout = (...args: string[]): Promise<string> => kubectl.ok('rollout', ...args)
    const settled = (): Promise<string> => rollout('status', 'deployment/web', '--timeout=60s')
    const get = (path: string): Promise<string> => kubectl.value(path, 'get', 'deployment', 'web')
    await kubectl.ok('create', 'deployment', 'web', `--image=${image}`, '--replicas=0', '--', 'sleep', '1000')
    await kubectl.ok('patch', 'deployment', 'web', '-p', NO_GRACE)
    await kubectl.ok('scale', 'deployment', 'web', '--replicas=1')
    assert.match(await settled(), /deployment "web" successfully rolled out/)

    assert.equal(await kubectl.ok('scale', 'deployment/web', '--replicas=3'), 'deployment.apps/web scaled\n')
    await settled()
    assert.equal(await get('{.status.readyReplicas}'), '3')
    assert.match(
      await kubectl.refused(['scale', 'deployment/web', '--replicas=1', '--current-replicas=7']),
      /expected replicas/i,
    )

    const container = await get('{.spec.template.spec.containers[0].name}')
    await kubectl.ok('set', 'env', 'deployment/web', 'COLOUR=blue')
    await kubectl.ok('annotate', 'deployment/web', 'kubernetes.io/change-cause=blue')
    await settled()
    assert.match(await rollout('history', 'deployment/web'), /REVISION +CHANGE-CAUSE\n1 +<none>\n2 +<none>\n3 +blue\n/)
    assert.match(await rollout('history', 'deployment/web', '--revision=3'), /COLOUR:\s+blue/)

    await kubectl.ok('set', 'image', 'deployment/web', `${container}=${image}-none`)
    assert.equal(await get('{.spec.template.spec.containers[0].image}'), `${image}-none`)
    assert.equal(await rollout('undo', 'deployment/web'), 'deployment.apps/web rolled back\n')
    await settled()
    assert.equal(await get('{.spec.template.spec.containers[0].image}'), image)
    await rollout('undo', 'deployment/web', '--to-revision=2')
    await settled()
    assert.equal(await get('{.spec.template.spec.containers[0].env}'), '')

    const pods = (await kubectl.ok('get', 'pods', '-l', 'app=web', '-o', 'name')).split('\n').filter(Boolean)
    assert.equal(await rollout('restart', 'deployment/web'), 'deployment.apps/web restarted\n')
    await settled()
    await kubectl.ok('wait', '--for=delete', '--timeout=30s', ...pods)

    await rollout('pause', 'deployment/web')
    assert.equal(await get('{.spec.paused}'), 'true')
    await rollout('resume', 'deployment/web')
    assert.match(await kubectl.ok('describe', 'deployment', 'web'), /StrategyType: +RollingUpdate[^]*ScalingReplicaSet/)
    assert.match(await kubectl.ok('get', 'all', '-l', 'app=web'), /deployment\.apps\/web +3\/3 +3 +3/)
    await kubectl.ok('delete', 'deployment', 'web')
    await kubectl.ok('wait', '--for=delete', 'pods', '-l', 'app=web', '--timeout=60s')
  })

  test('run makes a pod, expose a Service for it, with its endpoints', async () => {
    const { kubectl, image } = bench()
    assert.equal(
      await kubectl.ok(
        'run',
        'single',
        `--image=${image}`,
        '--port=80',
        '--labels=app=single',
        '--command',
        '--',
        'sleep',
        '1000',
      ),
      'pod/single created\n',
    )
    await kubectl.ready('pod/single')
    assert.equal(
      await kubectl.ok('expose', 'pod', 'single', '--port=8080', '--target-port=80'),
      'service/single exposed\n',
    )
    const ip = await kubectl.value('{.status.podIP}', 'get', 'pod', 'single')
    const endpoints = (): Promise<string> =>
      kubectl.value(
        '{.items[0].endpoints[0].addresses[0]}:{.items[0].ports[0].port}',
        'get',
        'endpointslices',
        '-l',
        'kubernetes.io/service-name=single',
      )
    await eventually(async () => assert.equal(await endpoints(), `${ip}:80`))
    assert.match(await kubectl.ok('describe', 'service', 'single'), new RegExp(`Endpoints: +${ip}:80`))
    assert.match(
      await kubectl.ok('get', 'pod', 'single', '-o', 'wide'),
      new RegExp(`Running +0 +\\S+ +${ip.replaceAll('.', '\\.')} `),
    )
    assert.match(await kubectl.ok('describe', 'pod', 'single'), /Scheduled[^]*Pulled[^]*Created[^]*Started/)
    assert.match(
      await kubectl.ok('events', '--for', 'pod/single'),
      /Normal +Scheduled +[Pp]od\/single +Successfully assigned/,
    )
    assert.match(await kubectl.ok('get', 'events', '--field-selector=involvedObject.name=single'), /Started/)
    await kubectl.ok('delete', 'pod', 'single', '--now')
    const addresses = '{.items[*].endpoints[*].addresses[*]}'
    const left = (): Promise<string> =>
      kubectl.value(addresses, 'get', 'endpointslices', '-l', 'kubernetes.io/service-name=single')
    await eventually(async () => assert.equal(await left(), ''))
  })

  test('create job runs it to its end', async () => {
    const { kubectl, image } = bench()
    const annotation = { 'skiff.simulated/script': '{"containers":{"*":{"runMs":10}}}' }
    const made = await kubectl.ok(
      'create',
      'job',
      'once',
      `--image=${image}`,
      '--dry-run=client',
      '-o',
      'json',
      '--',
      'true',
    )
    const job = JSON.parse(made) as { spec: { template: { metadata: object } } }
    job.spec.template.metadata = { annotations: annotation }
    await kubectl.feed(job, 'create', '-f', '-')
    await kubectl.ok('wait', '--for=condition=Complete', 'job/once', '--timeout=60s')
    assert.match(await kubectl.ok('get', 'job', 'once'), /once +Complete +1\/1/)
    await kubectl.ok('delete', 'job', 'once')
    await kubectl.ok('wait', '--for=delete', 'pods', '-l', 'job-name=once', '--timeout=30s')
  })

  test('set changes resources, selectors and service accounts', async () => {
    const { kubectl, image } = bench()
    await kubectl.ok('create', 'deployment', 'sets', `--image=${image}`, '--replicas=0')
    await kubectl.ok('create', 'serviceaccount', 'setter')
    await kubectl.ok('set', 'resources', 'deployment/sets', '--limits=cpu=100m,memory=32Mi', '--requests=cpu=10m')
    await kubectl.ok('set', 'serviceaccount', 'deployment/sets', 'setter')
    const { spec } = await kubectl.json<{
      spec: { template: { spec: { serviceAccountName: string; containers: object[] } } }
    }>('get', 'deployment', 'sets')
    assert.equal(spec.template.spec.serviceAccountName, 'setter')
    const resources = { limits: { cpu: '100m', memory: '32Mi' }, requests: { cpu: '10m' } }
    assert.deepEqual((spec.template.spec.containers[0] as { resources: object }).resources, resources)
    assert.equal(
      await kubectl.ok('autoscale', 'deployment', 'sets', '--min=1', '--max=3', '--cpu-percent=50'),
      'horizontalpodautoscaler.autoscaling/sets autoscaled\n',
    )
    assert.equal(await kubectl.value('{.spec.maxReplicas}', 'get', 'hpa', 'sets'), '3')
  })

  test('top says that there are no metrics, as upstream without a metrics server', async () => {
    const { kubectl } = bench()
    assert.match(await kubectl.refused(['top', 'pods']), /Metrics API not available/)
  })

  test('taint and label mark a node', async () => {
    const { kubectl } = bench()
    const node = await kubectl.value('{.items[0].metadata.name}', 'get', 'nodes')
    const key = `${kubectl.target.namespace}.example.com/closed`
    assert.equal(await kubectl.ok('taint', 'node', node, `${key}=yes:PreferNoSchedule`), `node/${node} tainted\n`)
    assert.match(await kubectl.ok('describe', 'node', node), new RegExp(`${key}=yes:PreferNoSchedule`))
    assert.equal(await kubectl.ok('taint', 'node', node, `${key}-`), `node/${node} untainted\n`)
    await kubectl.ok('label', 'node', node, `${key}=here`)
    assert.equal(await kubectl.ok('get', 'nodes', '-l', `${key}=here`, '-o', 'name'), `node/${node}\n`)
    await kubectl.ok('label', 'node', node, `${key}-`)
  })
}

/** Commands that close a whole node, and so must run with nothing beside them. */
export function nodeCases(bench: () => Bench): void {
  test('cordon, drain and uncordon', async () => {
    const { kubectl, image } = bench()
    const node = await kubectl.value('{.items[0].metadata.name}', 'get', 'nodes')
    const others = (await kubectl.ok('get', 'nodes', '-o', 'name'))
      .split('\n')
      .filter((name) => name !== '' && name !== `node/${node}`)
    const pods = (): Promise<string> => kubectl.value('{.items[*].spec.nodeName}', 'get', 'pods', '-l', 'app=drained')
    for (const other of others) await kubectl.ok('cordon', other)
    await kubectl.ok('create', 'deployment', 'drained', `--image=${image}`, '--replicas=0', '--', 'sleep', '1000')
    await kubectl.ok('patch', 'deployment', 'drained', '-p', NO_GRACE)
    await kubectl.ok('scale', 'deployment', 'drained', '--replicas=2')
    await kubectl.ok('rollout', 'status', 'deployment/drained', '--timeout=60s')
    assert.equal(await pods(), `${node} ${node}`)
    assert.equal(await kubectl.ok('cordon', node), `node/${node} cordoned\n`)
    assert.match(await kubectl.ok('get', 'node', node), /Ready,SchedulingDisabled/)
    const drain = ['drain', node, '--pod-selector=app=drained', '--ignore-daemonsets', '--timeout=60s']
    assert.match(await kubectl.ok(...drain), new RegExp(`evicting pod \\S+/drained-[^]*node/${node} drained`))
    await eventually(async () => assert.equal((await pods()).trim(), ''))
    const events = (): Promise<string> => kubectl.ok('events', '--types=Warning')
    await eventually(async () =>
      assert.match(
        await events(),
        /FailedScheduling +[Pp]od\/drained-\S+ +0\/\d+ nodes are available: \d+ node\(s\) were unschedulable/,
      ),
    )
    for (const name of [`node/${node}`, ...others])
      assert.equal(await kubectl.ok('uncordon', name), `${name} uncordoned\n`)
    await kubectl.ok('rollout', 'status', 'deployment/drained', '--timeout=60s')
    await kubectl.ok('delete', 'deployment', 'drained')
  })

  test('a taint keeps pods away, and drives out those that run', async () => {
    const { kubectl, image } = bench()
    const overrides = `--overrides=${JSON.stringify({ spec: { terminationGracePeriodSeconds: 0 } })}`
    await kubectl.ok('run', 'driven', `--image=${image}`, overrides, '--command', '--', 'sleep', '1000')
    await kubectl.ready('pod/driven')
    await kubectl.ok('taint', 'nodes', '--all', 'closed=yes:NoExecute')
    await kubectl.ok('wait', '--for=delete', 'pod/driven', '--timeout=60s')
    await kubectl.ok('run', 'kept-out', `--image=${image}`, '--command', '--', 'sleep', '1000')
    const message = (): Promise<string> =>
      kubectl.value('{.status.conditions[?(@.type=="PodScheduled")].message}', 'get', 'pod', 'kept-out')
    await eventually(async () =>
      assert.match(await message(), /0\/\d+ nodes are available: \d+ node\(s\) had untolerated taint\(s\)/),
    )
    await kubectl.ok('taint', 'nodes', '--all', 'closed-')
    await kubectl.ready('pod/kept-out')
    await kubectl.ok('delete', 'pod', 'kept-out', '--now')
  })
}

import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { eventually } from '../eventually.ts'
import { busyboxRoot } from '../images.ts'
import { newestKubectl } from '../kubectl/program.ts'
import { IDLE, pod, shellContainer, shellPod } from '../pod.ts'
import type { PodSteps } from './steps.ts'

/** What containers find: files, environment, identity, limits, names, the API. */
export function givenCases({ cluster, kubectl, create, get, hasEvent, output }: PodSteps): void {
  const once = { restartPolicy: 'Never' }

  test('the downward API, as environment and as files', async () => {
    const field = (name: string, fieldPath: string): object => ({ name, valueFrom: { fieldRef: { fieldPath } } })
    const env = [
      field('NAME', 'metadata.name'),
      field('IP', 'status.podIP'),
      field('NODE', 'spec.nodeName'),
      field('LABEL', "metadata.labels['app']"),
      { name: 'MEMORY', valueFrom: { resourceFieldRef: { resource: 'limits.memory', divisor: '1Mi' } } },
      { name: 'GREETING', value: 'I am $(NAME)' },
    ]
    const items = [{ path: 'labels', fieldRef: { fieldPath: 'metadata.labels' } }]
    const volumes = [{ name: 'v', downwardAPI: { items } }]
    await create(
      shellPod(
        'told',
        `echo "$NAME $LABEL $MEMORY $GREETING"; [ "$IP" = "$(hostname -i)" ] && echo same; cat /v/labels; echo; ${IDLE}`,
        {
          container: {
            env,
            volumeMounts: [{ name: 'v', mountPath: '/v' }],
            resources: { limits: { memory: '32Mi' } },
          },
          spec: { volumes },
        },
      ),
    )
    await kubectl().ready('pod/told')
    assert.equal(await kubectl().ok('logs', 'told'), 'told told 32 I am told\nsame\napp="told"\n')
    await kubectl().ok('label', 'pod', 'told', 'new=label')
    await eventually(
      async () => assert.match(await kubectl().ok('exec', 'told', '--', 'cat', '/v/labels'), /new="label"/),
      90_000,
    )
  })

  test('ConfigMaps and Secrets as files follow what they are made of', async () => {
    await kubectl().ok('create', 'configmap', 'files', '--from-literal=a=1')
    await kubectl().ok('create', 'secret', 'generic', 'files', '--from-literal=key=hidden')
    const volumes = [
      { name: 'c', configMap: { name: 'files' } },
      { name: 's', secret: { secretName: 'files', defaultMode: 0o400, items: [{ key: 'key', path: 'deep/key' }] } },
    ]
    const volumeMounts = [
      { name: 'c', mountPath: '/c' },
      { name: 's', mountPath: '/s', readOnly: true },
    ]
    await create(shellPod('filed', IDLE, { container: { volumeMounts }, spec: { volumes } }))
    await kubectl().ready('pod/filed')
    const run = (...args: string[]): Promise<string> => kubectl().ok('exec', 'filed', '--', ...args)
    assert.equal(await run('cat', '/c/a', '/s/deep/key'), '1hidden')
    assert.match(await run('stat', '-L', '-c', '%a', '/s/deep/key'), /^400/)
    assert.match(await kubectl().refused(['exec', 'filed', '--', 'touch', '/s/x']), /Read-only file system/)
    await kubectl().ok('patch', 'configmap', 'files', '-p', '{"data":{"a":"2","b":"3"}}')
    await kubectl().ok('patch', 'secret', 'files', '-p', '{"stringData":{"key":"changed"}}')
    await eventually(async () => assert.equal(await run('cat', '/c/a', '/c/b', '/s/deep/key'), '23changed'), 90_000)
  })

  test('emptyDir on disk and in memory, shared and with a size', async () => {
    const volumes = [
      { name: 'disk', emptyDir: {} },
      { name: 'memory', emptyDir: { medium: 'Memory', sizeLimit: '8Mi' } },
    ]
    const volumeMounts = [
      { name: 'disk', mountPath: '/disk' },
      { name: 'memory', mountPath: '/memory' },
    ]
    const writer = shellContainer('writer', `echo shared >/disk/f; ${IDLE}`, { volumeMounts })
    const reader = shellContainer('reader', `until cat /disk/f; do sleep 0.1; done; df -m /memory | tail -1; ${IDLE}`, {
      volumeMounts,
    })
    await create(pod('emptied', { volumes, containers: [writer, reader] }))
    await kubectl().ready('pod/emptied')
    await eventually(async () =>
      assert.match(await kubectl().ok('logs', 'emptied', '-c', 'reader'), /shared\ntmpfs +8 /),
    )
  })

  test('who runs: users, groups, capabilities, a read-only root', async () => {
    const securityContext = { runAsUser: 1234, runAsGroup: 2345, fsGroup: 3456 }
    const container = {
      securityContext: {
        readOnlyRootFilesystem: true,
        allowPrivilegeEscalation: false,
        capabilities: { drop: ['ALL'] },
      },
      volumeMounts: [{ name: 'v', mountPath: '/v' }],
    }
    const line =
      'id -u; id -g; id -G; touch /x 2>/dev/null || echo read-only; touch /v/x; stat -c %g /v/x; grep CapEff /proc/self/status'
    await create(
      shellPod('who', line, {
        container,
        spec: { ...once, securityContext, volumes: [{ name: 'v', emptyDir: {} }] },
      }),
    )
    assert.equal(await output('who'), '1234\n2345\n2345 3456\nread-only\n3456\nCapEff:\t0000000000000000\n')
    await create(shellPod('not-root', 'id', { spec: { ...once, securityContext: { runAsNonRoot: true } } }))
    await hasEvent('not-root', /Error: container has runAsNonRoot and image will run as root/)
  })

  test('limits are those of its cgroup, and QoS classes follow', async () => {
    const resources = { limits: { cpu: '250m', memory: '32Mi' } }
    await create(shellPod('limited', IDLE, { container: { resources } }))
    await kubectl().ready('pod/limited')
    assert.equal(await get('limited', '{.status.qosClass}'), 'Guaranteed')
    const read = 'cat /sys/fs/cgroup/memory/memory.limit_in_bytes 2>/dev/null || cat /sys/fs/cgroup/memory.max'
    assert.equal(await kubectl().ok('exec', 'limited', '--', 'sh', '-c', read), `${32 * 1024 * 1024}\n`)
    await create(shellPod('burstable', IDLE, { container: { resources: { requests: { cpu: '1m' } } } }))
    assert.equal(await get('burstable', '{.status.qosClass}'), 'Burstable')
  })

  test('names and hosts', async () => {
    const hostAliases = [{ ip: '192.0.2.7', hostnames: ['alias.example'] }]
    await create(
      shellPod('named', 'hostname; grep alias.example /etc/hosts; hostname -f', {
        spec: { ...once, hostname: 'thename', subdomain: 'sub', hostAliases },
      }),
    )
    assert.equal(await output('named'), 'thename\n192.0.2.7\talias.example\nthename.sub.pods.svc.cluster.local\n')
  })

  test('the network, processes and IPC of the host', async () => {
    const line = 'ls /sys/class/net | grep -c "^lo$"; ps | wc -l'
    await create(shellPod('hosted', line, { spec: { ...once, hostNetwork: true, hostPID: true } }))
    const [links, processes] = (await output('hosted')).split('\n')
    assert.equal(links, '1')
    assert.ok(Number(processes) > 20, `only ${processes} processes`)
    assert.equal(await get('hosted', '{.status.podIP}'), await get('hosted', '{.status.hostIP}'))
  })

  test('an image of an archive, with the entrypoint, environment and user that it says', async () => {
    const { folder } = cluster.place
    const root = busyboxRoot(join(folder, 'archived'))
    const archive = join(folder, 'archived.tar')
    const says = ['--entrypoint', '["sh", "-c"]', '--cmd', '["id -u; echo $COLOUR"]', '-e', 'COLOUR=blue', '-u', '1234']
    const built = await cluster.skiff('image', 'build', root, '-t', 'e2e/archived:1', ...says, '-o', archive)
    assert.equal(built.code, 0, built.err)
    const loaded = await cluster.skiff('image', 'load', archive)
    assert.equal(loaded.code, 0, loaded.err)
    await create(pod('archived', { ...once, containers: [{ name: 'main', image: 'e2e/archived:1' }] }))
    assert.equal(await output('archived'), '1234\nblue\n')
  })

  test('the token of its service account is one that the API takes', async () => {
    await kubectl().ok('create', 'role', 'looker', '--verb=get', '--resource=configmaps')
    await kubectl().ok('create', 'rolebinding', 'looker', '--role=looker', '--serviceaccount=pods:default')
    await kubectl().ok('create', 'configmap', 'seen', '--from-literal=a=from-the-api')
    // kubectl finds the API by the environment and the token, as any client in a pod does.
    const paths = [newestKubectl().path, ...['/lib', '/lib64'].filter((path) => existsSync(path))]
    const volumes = paths.map((path, n) => ({ name: `v${n}`, hostPath: { path } }))
    const volumeMounts = paths.map((path, n) => ({ name: `v${n}`, mountPath: n === 0 ? '/kubectl' : path }))
    const container = { volumeMounts }
    const ask = '/kubectl get cm seen -o jsonpath={.data.a}; echo'
    const at = '/var/run/secrets/kubernetes.io/serviceaccount'
    const as = `--certificate-authority=${at}/ca.crt --token=$(cat ${at}/token)`
    // In one stream: of two, nobody promises the order.
    const byName = `/kubectl --server=https://kubernetes.default ${as} get secrets 2>&1; echo $?`
    await create(shellPod('client', `${ask}; ${byName}`, { container, spec: { ...once, volumes } }))
    const said = await output('client')
    assert.match(said, /^from-the-api\n/)
    assert.match(said, /User "system:serviceaccount:pods:default" cannot list resource "secrets".*\n1\n/)
  })
}

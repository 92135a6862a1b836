import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { after, before, describe, test } from 'node:test'
import { TestCluster } from './cluster.ts'
import { eventually } from './eventually.ts'
import type { Kubectl } from './kubectl/kubectl.ts'
import { newestKubectl, noKubectl } from './kubectl/program.ts'
import { IDLE, pod, shellContainer, shellPod } from './pod.ts'
import { noContainers } from './skip.ts'

describe('pods in real containers', { skip: noContainers() || noKubectl(), concurrency: 6 }, () => {
  const cluster = new TestCluster('containerd')
  let given: Kubectl | undefined
  before(async () => {
    await cluster.up()
    given = await cluster.kubectl(newestKubectl(), 'pods')
  })
  after(() => cluster.remove())

  const kubectl = (): Kubectl => {
    if (given === undefined) throw new Error('there is no cluster')
    return given
  }
  const create = (object: object): Promise<string> => kubectl().feed(object, 'create', '-f', '-')
  const get = (name: string, path: string): Promise<string> => kubectl().value(path, 'get', 'pod', name)
  const status = (name: string, path: string): Promise<string> => get(name, `{.status.containerStatuses[0]${path}}`)
  const becomes = (name: string, path: string, wanted: RegExp): Promise<void> =>
    eventually(async () => assert.match(await get(name, path), wanted))
  const events = (name: string): Promise<string> => kubectl().ok('events', '--for', `pod/${name}`)
  const hasEvent = (name: string, wanted: RegExp): Promise<void> =>
    eventually(async () => assert.match(await events(name), wanted))
  const ended = (name: string, phase: 'Succeeded' | 'Failed'): Promise<void> =>
    becomes(name, '{.status.phase}', new RegExp(`^${phase}$`))

  describe('what goes wrong is told as upstream tells it', { concurrency: 6 }, () => {
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
      await hasEvent(
        'never',
        /ErrImageNeverPull +.*Container image "absent:1" is not present with pull policy of Never/,
      )
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
  })

  describe('the life of containers', { concurrency: 6 }, () => {
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
  })

  describe('what containers are given', { concurrency: 6 }, () => {
    const output = async (name: string): Promise<string> => {
      await ended(name, 'Succeeded')
      return kubectl().ok('logs', name)
    }
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
      const reader = shellContainer(
        'reader',
        `until cat /disk/f; do sleep 0.1; done; df -m /memory | tail -1; ${IDLE}`,
        { volumeMounts },
      )
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
      const byName = `/kubectl --server=https://kubernetes.default ${as} get secrets; echo $?`
      await create(shellPod('client', `${ask}; ${byName}`, { container, spec: { ...once, volumes } }))
      const said = await output('client')
      assert.match(said, /^from-the-api\n/)
      assert.match(said, /User "system:serviceaccount:pods:default" cannot list resource "secrets".*\n1\n/)
    })
  })
})

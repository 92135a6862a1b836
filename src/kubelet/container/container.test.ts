import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Frozen } from '../../apimachinery/meta.ts'
import type { ConfigMap, Secret, Service } from '../../api/generated/types/core/v1.ts'
import type { Machine } from '../host/machine.ts'
import type { Container } from '../pod/spec.ts'
import { testPod } from '../testing/objects.ts'
import { containerConfig } from './config.ts'
import { planDevices } from './devices.ts'
import { environment, type EnvironmentSources } from './env.ts'
import { expand } from './expansion.ts'
import { planMounts } from './mounts.ts'
import { cpuQuota, cpuShares, linuxResources, oomScoreAdj, podCgroupLimits, podCgroupPath } from './resources.ts'
import { linuxSecurityContext, verifyNonRoot } from './security.ts'
import { serviceEnvironment } from './service-env.ts'

const container = (more: Partial<Container> = {}): Container => ({ name: 'app', image: 'busybox:1', ...more })

test('expands variables as upstream does', () => {
  const variables = (name: string): string | undefined => ({ A: '1', EMPTY: '' })[name]
  const cases: [string, string][] = [
    ['$(A)', '1'],
    ['x-$(A)-$(A)', 'x-1-1'],
    ['$(NO)', '$(NO)'],
    ['$$(A)', '$(A)'],
    ['$$$(A)', '$1'],
    ['$(EMPTY)|', '|'],
    ['$A ${A} $(A', '$A ${A} $(A'],
    ['$', '$'],
  ]
  for (const [text, want] of cases) assert.equal(expand(text, variables), want, text)
})

function sources(more: Partial<EnvironmentSources> = {}): EnvironmentSources {
  const maps: Record<string, Frozen<ConfigMap>> = { cm: { metadata: { name: 'cm' }, data: { a: '1', 'b=': '2' } } }
  const secrets: Record<string, Frozen<Secret>> = { sec: { metadata: { name: 'sec' }, data: { pw: btoa('hunter2') } } }
  return {
    podIPs: ['10.0.0.2'],
    hostIPs: ['192.0.2.1'],
    allocatable: { cpu: '4', memory: '8Gi' },
    services: [],
    configMap: (name) => maps[name],
    secret: (name) => secrets[name],
    envFile: (volume, path, key) => (`${volume}/${path}/${key}` === 'v/f/K' ? 'from file' : undefined),
    ...more,
  }
}

const envOf = (spec: Partial<Container>, more: Partial<EnvironmentSources> = {}): Record<string, string> =>
  Object.fromEntries(environment(testPod({ enableServiceLinks: false }), container(spec), sources(more)).variables)

test('env overrides envFrom and may use what stands before it', () => {
  const env = envOf({
    envFrom: [{ prefix: 'CM_', configMapRef: { name: 'cm' } }, { secretRef: { name: 'sec' } }],
    env: [
      { name: 'CM_a', value: 'own' },
      { name: 'BOTH', value: '$(CM_a) $(pw) $(LATER)' },
      { name: 'LATER', value: 'x' },
      { name: 'NAME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
      { name: 'IP', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } },
      { name: 'KEY', valueFrom: { configMapKeyRef: { name: 'cm', key: 'a' } } },
      { name: 'GONE', valueFrom: { configMapKeyRef: { name: 'none', key: 'a', optional: true } } },
      { name: 'FILE', valueFrom: { fileKeyRef: { volumeName: 'v', path: 'f', key: 'K' } } },
    ],
  })
  assert.deepEqual(env, {
    CM_a: 'own',
    pw: 'hunter2',
    BOTH: 'own hunter2 $(LATER)',
    LATER: 'x',
    NAME: 'web',
    IP: '10.0.0.2',
    KEY: '1',
    FILE: 'from file',
  })
})

test('keys that cannot name a variable are skipped and told', () => {
  const spec = container({ envFrom: [{ configMapRef: { name: 'cm' } }] })
  assert.deepEqual([...environment(testPod(), spec, sources()).skipped], [['configMap default/cm', ['b=']]])
})

test('what is missing is said in upstream’s words', () => {
  const cases: [Partial<Container>, string][] = [
    [{ envFrom: [{ configMapRef: { name: 'none' } }] }, 'configmap "none" not found'],
    [{ env: [{ name: 'X', valueFrom: { secretKeyRef: { name: 'none', key: 'a' } } }] }, 'secret "none" not found'],
    [
      { env: [{ name: 'X', valueFrom: { configMapKeyRef: { name: 'cm', key: 'z' } } }] },
      "couldn't find key z in ConfigMap default/cm",
    ],
    [{ env: [{ name: 'X', valueFrom: { fieldRef: { fieldPath: 'spec.nope' } } }] }, 'unsupported fieldPath: spec.nope'],
  ]
  for (const [spec, message] of cases) assert.throws(() => envOf(spec), { message })
})

test('resources are told in units of the divisor, rounded up, with the node’s for absent limits', () => {
  const resource = (name: string, divisor?: string): Partial<Container> => ({
    resources: { limits: { cpu: '1500m' }, requests: { memory: '100Mi' } },
    env: [{ name: 'X', valueFrom: { resourceFieldRef: { resource: name, ...(divisor && { divisor }) } } }],
  })
  const cases: [Partial<Container>, string][] = [
    [resource('limits.cpu'), '2'],
    [resource('limits.cpu', '1m'), '1500'],
    [resource('requests.memory', '1Mi'), '100'],
    [resource('limits.memory'), String(8 * 1024 ** 3)],
    [resource('requests.cpu'), '0'],
  ]
  for (const [spec, want] of cases) assert.equal(envOf(spec).X, want)
})

test('a limit that a container has not is its pod’s, if that has one', () => {
  const pod = testPod({ enableServiceLinks: false, resources: { limits: { memory: '64Mi', cpu: '0' } } })
  const limit = (name: string, limits: Record<string, string> = {}): string | undefined => {
    const env = [{ name: 'X', valueFrom: { resourceFieldRef: { resource: name } } }]
    return environment(pod, container({ env, resources: { limits } }), sources()).variables.get('X')
  }
  assert.equal(limit('limits.memory'), String(64 * 1024 ** 2))
  assert.equal(limit('limits.memory', { memory: '8Mi' }), String(8 * 1024 ** 2))
  assert.equal(limit('limits.memory', { memory: '0' }), String(64 * 1024 ** 2))
  assert.equal(limit('limits.cpu'), '4')
})

test('block volumes become devices; they and file systems are not taken for each other', () => {
  const volumes = new Map([
    ['disk', { name: 'disk', hostPath: '/dev/sdx', readOnly: false, isDevice: true }],
    ['disc', { name: 'disc', hostPath: '/dev/sdy', readOnly: true, isDevice: true }],
    ['files', { name: 'files', hostPath: '/mnt', readOnly: false }],
  ])
  const plan = (name: string, devicePath = '/dev/own'): ReturnType<typeof planDevices> =>
    planDevices(container({ volumeDevices: [{ name, devicePath }] }), volumes)
  assert.deepEqual(plan('disk'), [{ hostPath: '/dev/sdx', containerPath: '/dev/own', permissions: 'mrw' }])
  assert.deepEqual(plan('disc'), [{ hostPath: '/dev/sdy', containerPath: '/dev/own', permissions: 'r' }])
  for (const name of ['files', 'none'])
    assert.throws(() => plan(name), { message: `cannot find volume "${name}" to pass into container "app"` })
  assert.throws(() => plan('disk', 'dev/own'), { message: 'error DevicePath `dev/own` must be an absolute path' })
  const mounts = container({ volumeMounts: [{ name: 'disk', mountPath: '/v' }] })
  assert.throws(() => planMounts(mounts, volumes, () => undefined), /cannot find volume "disk" to mount/)
})

const service = (name: string, namespace: string, clusterIP: string, ports: object[]): Frozen<Service> =>
  ({ metadata: { name, namespace }, spec: { clusterIP, ports } }) as Frozen<Service>

test('Services are told as Docker links', () => {
  const services = [
    service('kubernetes', 'default', '10.96.0.1', [{ name: 'https', port: 443, protocol: 'TCP' }]),
    service('my-db', 'shop', '10.96.0.7', [{ port: 5432, protocol: 'TCP' }]),
    service('headless', 'shop', 'None', [{ port: 1 }]),
    service('other', 'elsewhere', '10.96.0.8', [{ port: 2 }]),
  ]
  const env = Object.fromEntries(serviceEnvironment(services, 'shop', true))
  assert.equal(env.KUBERNETES_SERVICE_HOST, '10.96.0.1')
  assert.equal(env.KUBERNETES_SERVICE_PORT_HTTPS, '443')
  assert.equal(env.MY_DB_PORT, 'tcp://10.96.0.7:5432')
  assert.equal(env.MY_DB_PORT_5432_TCP_ADDR, '10.96.0.7')
  assert.ok(Object.keys(env).every((name) => /^(KUBERNETES|MY_DB)_/.test(name)))
  const without = [...serviceEnvironment(services, 'shop', false).keys()]
  assert.ok(without.every((name) => name.startsWith('KUBERNETES_')))
})

test('mounts: sub-paths are expanded and kept inside the volume', () => {
  const volumes = new Map([['v', { name: 'v', hostPath: '/host/v', readOnly: true }]])
  const variables = (name: string): string | undefined => ({ POD: 'web' })[name]
  const plan = (mount: object): ReturnType<typeof planMounts> =>
    planMounts(container({ volumeMounts: [{ name: 'v', mountPath: '/v', ...mount }] }), volumes, variables)
  const [mount] = plan({ subPathExpr: 'logs/$(POD)', mountPath: 'relative', mountPropagation: 'HostToContainer' })
  assert.equal(mount?.subPath, 'logs/web')
  assert.equal(mount?.containerPath, '/relative')
  assert.equal(mount?.readOnly, true)
  assert.equal(mount?.propagation, 'PROPAGATION_HOST_TO_CONTAINER')
  assert.throws(() => plan({ subPath: '../up' }), /must not contain '\.\.'/)
  assert.throws(() => plan({ subPath: '/abs' }), /must not be an absolute path/)
  assert.throws(() => plan({ subPathExpr: '$(NOPE)' }), { message: 'missing value for "NOPE"' })
  assert.throws(() => plan({ name: 'w' }), /cannot find volume "w" to mount into container "app"/)
})

test('a container that must not run as root is refused in upstream’s words', () => {
  const pod = testPod()
  const spec = (more: object): Container => container({ securityContext: { runAsNonRoot: true, ...more } })
  const where = '(pod: "web_default(u1)", container: app)'
  const cases: [object, { uid?: number; name: string }, string][] = [
    [{}, { uid: 0, name: '' }, `container has runAsNonRoot and image will run as root ${where}`],
    [
      {},
      { name: 'nginx' },
      `container has runAsNonRoot and image has non-numeric user (nginx), cannot verify user is non-root ${where}`,
    ],
    [{ runAsUser: 0 }, { uid: 5, name: '' }, `container's runAsUser breaks non-root policy ${where}`],
  ]
  for (const [more, image, message] of cases) assert.throws(() => verifyNonRoot(pod, spec(more), image), { message })
  assert.doesNotThrow(() => verifyNonRoot(pod, spec({ runAsUser: 7 }), { uid: 0, name: '' }))
  assert.doesNotThrow(() => verifyNonRoot(pod, spec({}), { uid: 7, name: '' }))
})

const options = { seccompRoot: '/seccomp', appArmor: false, seccompDefault: false }

test('security context: the container’s word comes before the pod’s', () => {
  const pod = testPod({
    shareProcessNamespace: true,
    securityContext: {
      runAsUser: 1,
      runAsGroup: 2,
      fsGroup: 3,
      supplementalGroups: [4],
      seccompProfile: { type: 'RuntimeDefault' },
    },
  })
  const security = linuxSecurityContext(
    pod,
    container({
      securityContext: {
        runAsUser: 9,
        allowPrivilegeEscalation: false,
        capabilities: { add: ['NET_ADMIN'], drop: ['ALL'] },
      },
    }),
    { uid: 0, name: '' },
    options,
  )
  assert.equal(security.runAsUser?.value, 9)
  assert.equal(security.runAsGroup?.value, 2)
  assert.deepEqual(security.supplementalGroups, [3, 4])
  assert.equal(security.noNewPrivs, true)
  assert.equal(security.namespaceOptions?.pid, 'POD')
  assert.equal(security.seccomp?.profileType, 'RuntimeDefault')
  assert.deepEqual(security.capabilities, { addCapabilities: ['NET_ADMIN'], dropCapabilities: ['ALL'] })
  assert.ok(security.maskedPaths?.includes('/proc/kcore'))
})

test('security context: unmasked, privileged, local profiles, the image’s user', () => {
  const of = (context: object): ReturnType<typeof linuxSecurityContext> =>
    linuxSecurityContext(testPod(), container({ securityContext: context }), { uid: 7, name: '' }, options)
  assert.deepEqual(of({ procMount: 'Unmasked' }).maskedPaths, [])
  assert.equal(of({ privileged: true, seccompProfile: { type: 'RuntimeDefault' } }).seccomp?.profileType, 'Unconfined')
  assert.equal(
    of({ seccompProfile: { type: 'Localhost', localhostProfile: 'p.json' } }).seccomp?.localhostRef,
    '/seccomp/p.json',
  )
  assert.equal(of({}).runAsUser?.value, 7)
  assert.equal(of({}).seccomp?.profileType, 'Unconfined')
})

test('CPU amounts become shares and quotas within the kernel’s bounds', () => {
  assert.deepEqual([0, 1, 100, 1000, 1e6].map(cpuShares), [2, 2, 102, 1024, 262_144])
  assert.deepEqual([0, 1, 100, 1500].map(cpuQuota), [0, 1000, 10_000, 150_000])
})

const resources = (requests: object, limits: object): Partial<Container> =>
  ({ resources: { requests, limits } }) as Partial<Container>

test('a container without a limit of its own has its pod’s', () => {
  const pod = testPod({ resources: { limits: { cpu: '2', memory: '1Gi', 'hugepages-2Mi': '8Mi' } } })
  const machine = { memoryBytes: 10 * 1024 ** 3, hugePages: [{ size: 2 * 1024 ** 2, count: 4 }] } as unknown as Machine
  const limits = (spec: Partial<Container>): unknown[] => {
    const told = linuxResources(pod, container(spec), { machine, cgroupVersion: 1 })
    return [told.cpuShares, told.cpuQuota, told.memoryLimitInBytes, told.hugepageLimits?.[0]?.limit]
  }
  assert.deepEqual(limits({}), [2048, 200_000, 1024 ** 3, 8 * 1024 ** 2])
  assert.deepEqual(limits(resources({ cpu: '100m' }, {})), [102, 200_000, 1024 ** 3, 8 * 1024 ** 2])
  const own = resources({}, { cpu: '1', memory: '64Mi', 'hugepages-2Mi': '0' })
  assert.deepEqual(limits(own), [1024, 100_000, 64 * 1024 ** 2, 0])
})

test('pods’ cgroups go by their QoS class', () => {
  const pod = (spec: Partial<Container>): ReturnType<typeof testPod> => testPod({ containers: [container(spec)] })
  const guaranteed = pod(resources({ cpu: '1', memory: '1Gi' }, { cpu: '1', memory: '1Gi' }))
  const burstable = pod(resources({ cpu: '500m' }, {}))
  const bestEffort = pod({})
  assert.equal(podCgroupPath(guaranteed, '/kubepods'), '/kubepods/podu1')
  assert.equal(podCgroupPath(burstable, '/kubepods'), '/kubepods/burstable/podu1')
  assert.equal(podCgroupPath(bestEffort, '/kubepods'), '/kubepods/besteffort/podu1')
  assert.deepEqual(podCgroupLimits(guaranteed), {
    cpuShares: 1024,
    cpuQuota: 100_000,
    cpuPeriod: 100_000,
    memoryLimitBytes: 1024 ** 3,
  })
  assert.deepEqual(podCgroupLimits(burstable), { cpuShares: 512 })
  assert.deepEqual(podCgroupLimits(bestEffort), { cpuShares: 2 })
})

test('oom_score_adj follows QoS, and is never lower than this process may set', () => {
  const machine = (more: Partial<Machine> = {}): Machine =>
    ({ memoryBytes: 10 * 1024 ** 3, mayLowerOomScore: true, oomScoreAdj: 0, ...more }) as Machine
  const score = (spec: Partial<Container>, more: Partial<Machine> = {}): number => {
    const own = container(spec)
    return oomScoreAdj(testPod({ containers: [own] }), own, machine(more))
  }
  const guaranteed = resources({ cpu: '1', memory: '1Gi' }, { cpu: '1', memory: '1Gi' })
  assert.equal(score({}), 1000)
  assert.equal(score(guaranteed), -997)
  assert.equal(score(resources({ memory: '5Gi' }, {})), 500)
  assert.equal(score(resources({ cpu: '1' }, {})), 999)
  assert.equal(score(guaranteed, { mayLowerOomScore: false }), 0)
})

test('the runtime is told everything that a later node agent has to know', () => {
  const config = containerConfig(
    testPod({ terminationGracePeriodSeconds: 7 }),
    container({
      command: ['run', '$(WHAT)'],
      lifecycle: { stopSignal: 'SIGRTMIN+1', preStop: { exec: { command: ['bye'] } } },
      terminationMessagePath: '/dev/termination-log',
    }),
    {
      restartCount: 3,
      roundMs: 5000,
      devices: [{ hostPath: '/dev/sdx', containerPath: '/dev/own', permissions: 'r' }],
      imageRef: 'sha256:1',
      variables: new Map([['WHAT', 'it']]),
      mounts: [],
      resources: {},
      security: {},
    },
  )
  assert.deepEqual(config.command, ['run', 'it'])
  assert.equal(config.logPath, 'app/3.log')
  assert.equal(config.stopSignal, 'SIGRTMINPLUS1')
  assert.equal(config.labels?.['io.kubernetes.pod.uid'], 'u1')
  assert.equal(config.annotations?.['io.kubernetes.container.restartCount'], '3')
  assert.equal(config.annotations?.['io.kubernetes.pod.terminationGracePeriod'], '7')
  assert.equal(config.annotations?.['io.kubernetes.container.round'], '5000')
  assert.equal(config.devices?.[0]?.containerPath, '/dev/own')
  assert.equal(config.annotations?.['io.kubernetes.container.preStopHandler'], '{"exec":{"command":["bye"]}}')
})

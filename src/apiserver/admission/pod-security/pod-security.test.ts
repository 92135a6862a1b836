import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Pod } from '../../../api/generated/types/core/v1.ts'
import { GuardedServer } from '../../guarded-server.suite.ts'
import { policyOf, policyText, violations, violationsText } from './policy.ts'

const LATEST = Infinity
const container = (securityContext: object = {}, more: object = {}): object => ({
  name: 'c',
  image: 'i',
  securityContext,
  ...more,
})
const pod = (spec: object, annotations: Record<string, string> = {}): Pod =>
  ({ metadata: { annotations }, spec: { containers: [container()], ...spec } }) as unknown as Pod

const GOOD = {
  securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
  containers: [container({ allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } })],
}

test('the baseline forbids what reaches the host', async (t) => {
  const cases: readonly [string, Pod, string][] = [
    ['nothing', pod({}), ''],
    [
      'privileged',
      pod({ containers: [container({ privileged: true })] }),
      'privileged (container "c" must not set securityContext.privileged=true)',
    ],
    [
      'namespaces and ports',
      pod({
        hostNetwork: true,
        hostPID: true,
        containers: [container({}, { ports: [{ hostPort: 80 }, { hostPort: 81 }] })],
      }),
      'host namespaces (hostNetwork=true, hostPID=true), hostPort (container "c" uses hostPorts 80, 81)',
    ],
    [
      'hostPath',
      pod({
        volumes: [
          { name: 'a', hostPath: { path: '/' } },
          { name: 'b', emptyDir: {} },
        ],
      }),
      'hostPath volumes (volume "a")',
    ],
    [
      'capabilities',
      pod({ containers: [container({ capabilities: { add: ['SYS_ADMIN', 'CHOWN'] } })] }),
      'non-default capabilities (container "c" must not include "SYS_ADMIN" in securityContext.capabilities.add)',
    ],
    [
      'profiles',
      pod({ securityContext: { seccompProfile: { type: 'Unconfined' }, seLinuxOptions: { type: 'x', user: 'u' } } }),
      'seLinuxOptions (pod set forbidden securityContext.seLinuxOptions: type "x"; user may not be set), seccompProfile (pod must not set securityContext.seccompProfile.type to "Unconfined")',
    ],
    [
      'sysctls',
      pod({ securityContext: { sysctls: [{ name: 'kernel.msgmax' }, { name: 'net.ipv4.tcp_rmem' }] } }),
      'forbidden sysctls (kernel.msgmax)',
    ],
    [
      'probes of other hosts',
      pod({ containers: [container({}, { livenessProbe: { httpGet: { host: 'x', port: 1 } } })] }),
      'probe or lifecycle host (container "c" uses probe or lifecycle host "x")',
    ],
  ]
  for (const [name, one, text] of cases)
    await t.test(name, () => assert.equal(violationsText(violations({ level: 'baseline', minor: LATEST }, one)), text))
})

test('the restricted level asks for the least that works', async (t) => {
  const at = (one: Pod, minor = LATEST): string => violationsText(violations({ level: 'restricted', minor }, one))
  await t.test('a good pod', () => assert.equal(at(pod(GOOD)), ''))
  await t.test('a plain pod', () =>
    assert.equal(
      at(pod({})),
      'allowPrivilegeEscalation != false (container "c" must set securityContext.allowPrivilegeEscalation=false), unrestricted capabilities (container "c" must set securityContext.capabilities.drop=["ALL"]), runAsNonRoot != true (pod or container "c" must set securityContext.runAsNonRoot=true), seccompProfile (pod or container "c" must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost")',
    ),
  )
  await t.test('volumes', () =>
    assert.equal(
      at(
        pod({
          ...GOOD,
          volumes: [
            { name: 'v', nfs: {} },
            { name: 'h', hostPath: {} },
          ],
        }),
      ),
      'restricted volume types (volumes "v", "h" use restricted volume types "hostPath", "nfs")',
    ),
  )
  await t.test('root in a user namespace', () => {
    const root = pod({ ...GOOD, hostUsers: false, securityContext: { ...GOOD.securityContext, runAsUser: 0 } })
    assert.equal(at(root), '')
    assert.equal(at(root, 34), 'runAsUser=0 (pod must not set runAsUser=0)')
  })
})

test('labels of a namespace say what is enforced and what is warned of', () => {
  const read = (labels: Record<string, string>): string[] => {
    const prefixed = Object.entries(labels).map(([key, value]) => [`pod-security.kubernetes.io/${key}`, value])
    const { policy, errors } = policyOf(Object.fromEntries(prefixed) as Record<string, string>)
    return [policyText(policy.enforce), policyText(policy.warn), `${errors.length}`]
  }
  assert.deepEqual(read({}), ['privileged:latest', 'privileged:latest', '0'])
  assert.deepEqual(read({ enforce: 'baseline', 'enforce-version': 'v1.25' }), ['baseline:v1.25', 'baseline:v1.25', '0'])
  assert.deepEqual(read({ enforce: 'baseline', warn: 'restricted' }), ['baseline:latest', 'restricted:latest', '0'])
  assert.deepEqual(read({ enforce: 'strict' }), ['restricted:latest', 'privileged:latest', '1'])
})

test('a namespace that enforces a level refuses pods against it, and warns of what makes them', async () => {
  const server = await GuardedServer.start()
  const labels = { 'pod-security.kubernetes.io/enforce': 'baseline' }
  await server.create('/api/v1/namespaces', { metadata: { name: 'safe', labels } })
  await server.create('/api/v1/namespaces/safe/serviceaccounts', { metadata: { name: 'default' } })
  const spec = { hostNetwork: true, containers: [{ name: 'c', image: 'i' }] }
  assert.equal(
    await server.refused(403, 'POST', '/api/v1/namespaces/safe/pods', { metadata: { name: 'p' }, spec }),
    'pods "p" is forbidden: violates PodSecurity "baseline:latest": host namespaces (hostNetwork=true)',
  )
  const template = { metadata: { labels: { a: 'b' } }, spec }
  const made = await server.send('POST', '/apis/apps/v1/namespaces/safe/deployments', {
    metadata: { name: 'd' },
    spec: { selector: { matchLabels: { a: 'b' } }, template },
  })
  assert.equal(made.status, 201)
  assert.match(made.headers['warning'] ?? '', /would violate PodSecurity \\"baseline:latest\\": host namespaces/)
  await server.create('/api/v1/namespaces/safe/pods', {
    metadata: { name: 'q' },
    spec: { containers: spec.containers },
  })
  const now = await server.get<{ metadata: object }>('/api/v1/namespaces/safe')
  const tighter = { 'pod-security.kubernetes.io/enforce': 'restricted' }
  const changed = await server.send('PUT', '/api/v1/namespaces/safe', {
    ...now,
    metadata: { ...now.metadata, labels: tighter },
  })
  assert.match(
    changed.headers['warning'] ?? '',
    /existing pods in namespace \\"safe\\" violate the new PodSecurity enforce level/,
  )
  assert.match(changed.headers['warning'] ?? '', /q: allowPrivilegeEscalation != false/)
  const wrong = { 'pod-security.kubernetes.io/enforce': 'strict' }
  assert.match(
    await server.refused(422, 'POST', '/api/v1/namespaces', { metadata: { name: 'x', labels: wrong } }),
    /metadata.labels\[pod-security.kubernetes.io\/enforce\]: Invalid value: "strict": must be one of privileged, baseline, restricted/,
  )
})

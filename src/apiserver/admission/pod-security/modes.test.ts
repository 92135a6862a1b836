import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Pod } from '../../../api/generated/types/core/v1.ts'
import type { GuardedServer } from '../../guarded-server.suite.ts'
import { namespaceWith, podOf, serverWith } from '../plugin-tests.suite.ts'
import { podSecurityConfig } from './config.ts'

const PREFIX = 'pod-security.kubernetes.io/'
const labels = (modes: Readonly<Record<string, string>>): { readonly labels: object } => ({
  labels: Object.fromEntries(Object.entries(modes).map(([mode, level]) => [`${PREFIX}${mode}`, level])),
})
const HOST = { hostNetwork: true }

/** The warnings of a request that is let through. */
async function warnings(server: GuardedServer, method: string, path: string, body: object): Promise<string[]> {
  const headers = { 'content-type': 'application/merge-patch+json' }
  const answer = await server.send(method, path, body, method === 'PATCH' ? headers : {})
  assert.ok(answer.status < 300, JSON.stringify(answer.body))
  return [...(answer.headers['warning'] ?? '').matchAll(/299 - "((?:[^"\\]|\\.)*)"/g)].map(([, text = '']) =>
    text.replaceAll('\\"', '"'),
  )
}

/** Baseline as of 1.30 unless a namespace says otherwise; some are let through. */
const configured = (): Promise<GuardedServer> =>
  serverWith({
    podSecurity: podSecurityConfig({
      defaults: { enforce: 'baseline', 'enforce-version': 'v1.30', warn: 'restricted' },
      exemptions: { usernames: ['carol'], namespaces: ['free'], runtimeClasses: ['vm'] },
    }),
  })

test('namespaces that say nothing are held to the configuration', async () => {
  const server = await configured()
  const pods = await namespaceWith(server, 'n', {})
  const [warning = ''] = await warnings(server, 'POST', pods, podOf('a'))
  assert.match(warning, /^would violate PodSecurity "restricted:latest": allowPrivilegeEscalation != false/)
  assert.equal(
    await server.refused(403, 'POST', pods, podOf('b', HOST)),
    'pods "b" is forbidden: violates PodSecurity "baseline:v1.30": host namespaces (hostNetwork=true)',
  )
  await server.expect(403, 'POST', `${pods}?dryRun=All`, podOf('b', HOST))
})

test('users, namespaces and runtime classes can be exempt', async () => {
  const server = await configured()
  const pods = await namespaceWith(server, 'n', {})
  await server.create('/apis/node.k8s.io/v1/runtimeclasses', { metadata: { name: 'vm' }, handler: 'vm' })
  assert.deepEqual(await warnings(server, 'POST', pods, podOf('a', { ...HOST, runtimeClassName: 'vm' })), [])
  await server.as('carol', 'system:masters').create(pods, podOf('b', HOST))
  await server.as('dave', 'system:masters').expect(403, 'POST', pods, podOf('c', HOST))
  const free = await namespaceWith(server, 'free', {})
  assert.deepEqual(await warnings(server, 'POST', free, podOf('d', HOST)), [])
  assert.deepEqual(
    await warnings(server, 'PATCH', '/api/v1/namespaces/free', { metadata: labels({ enforce: 'restricted' }) }),
    ['namespace "free" is exempt from Pod Security, and the policy (enforce=restricted:v1.30) will be ignored'],
  )
})

test('who tightens a namespace is told which pods are against it', async () => {
  const server = await serverWith({})
  const pods = await namespaceWith(server, 'n', {})
  for (const name of ['b', 'a', 'c']) await server.create(pods, podOf(name, HOST))
  await server.create(pods, podOf('d', { hostPID: true, hostIPC: true, hostNetwork: true }))
  await server.create(pods, podOf('fine'))
  const set = (modes: Readonly<Record<string, string>>, query = ''): Promise<string[]> =>
    warnings(server, 'PATCH', `/api/v1/namespaces/n${query}`, { metadata: labels(modes) })
  const told = (level: string): string =>
    `existing pods in namespace "n" violate the new PodSecurity enforce level "${level}"`
  assert.deepEqual(await set({ enforce: 'baseline' }, '?dryRun=All'), [
    told('baseline:latest'),
    'a (and 3 other pods): host namespaces',
  ])
  assert.deepEqual(await set({ enforce: 'baseline' }), [
    told('baseline:latest'),
    'a (and 3 other pods): host namespaces',
  ])
  assert.deepEqual(await set({ warn: 'restricted' }), [])
  assert.deepEqual(await set({ 'enforce-version': 'v1.7', enforce: 'restricted' }), [
    told('restricted:v1.7'),
    'a (and 3 other pods): host namespaces, runAsNonRoot != true',
    'fine: runAsNonRoot != true',
  ])
  assert.deepEqual(await set({ enforce: 'baseline' }), [], 'a laxer level of the same version')
  const message = await server.refused(422, 'PUT', '/api/v1/namespaces/n', {
    metadata: { name: 'n', ...labels({ enforce: 'x' }) },
  })
  assert.match(message, /metadata.labels\[pod-security.kubernetes.io\/enforce\]: Invalid value: "x": must be one of/)
})

test('admission bypassed by ephemeral container or old-object field: what a pod gets later is held to the level too', async () => {
  const server = await serverWith({})
  const pods = await namespaceWith(server, 'n', labels({ enforce: 'baseline' }))
  const made = await server.create<Pod>(pods, podOf('p'))
  const privileged = { name: 'e', image: 'i', securityContext: { privileged: true } }
  assert.match(
    await server.refused(403, 'PUT', `${pods}/p/ephemeralcontainers`, {
      ...made,
      spec: { ...made.spec, ephemeralContainers: [privileged] },
    }),
    /privileged \(container "e" must not set securityContext.privileged=true\)/,
  )
  const open = await namespaceWith(server, 'open', {})
  const old = await server.create<Pod>(open, podOf('p', HOST))
  await warnings(server, 'PATCH', '/api/v1/namespaces/open', { metadata: labels({ enforce: 'baseline' }) })
  assert.deepEqual(await warnings(server, 'PATCH', `${open}/p`, { metadata: { labels: { a: 'b' } } }), [])
  assert.deepEqual(await warnings(server, 'PATCH', `${open}/p/status`, { status: { message: 'm' } }), [])
  const { spec } = old
  const newImage = {
    ...old,
    metadata: { name: 'p' },
    spec: { ...spec, containers: [{ ...spec.containers[0], image: 'j' }] },
  }
  await server.expect(403, 'PUT', `${open}/p`, newImage)
})

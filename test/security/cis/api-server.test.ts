/** Sections 1.2, 1.3, 3.1, 5.2 and 5.5: what the API server does. */
import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { createSecureServer } from 'node:http2'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { AddressInfo } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { createServer } from 'node:https'
import { after, before } from 'node:test'
import { pluginNames } from '../../../src/apiserver/admission/index.ts'
import { certificateAuthority } from '../../../src/cmd/server/certificate-authority.ts'
import { makeAuthority, makeCertificate } from '../../../src/cmd/server/certificates.ts'
import { startControlPlane } from '../../../src/cmd/server/control-plane.ts'
import { identities } from '../../../src/cmd/server/identities.ts'
import { etcdOptions } from '../../../src/cmd/server/open-store.ts'
import { Connection } from '../../../src/store/etcd/connection.ts'
import { methods } from '../../../src/store/etcd/messages.ts'
import { control } from './control.ts'
import { makeAccount, makeNode, makePod, PODS } from '../objects.ts'
import { env, SecureServer, type User } from '../server.ts'

const folder = mkdtempSync(join(tmpdir(), 'skiff-cis-'))
let server: SecureServer
/** With what may be switched on. */
let strict: SecureServer
const stop = new AbortController()
let controllers: Promise<void>

before(async () => {
  server = await SecureServer.start()
  await makeAccount(server)
  const limits = join(folder, 'limits.yaml')
  const spec = {
    apiVersion: 'eventratelimit.admission.k8s.io/v1alpha1',
    kind: 'Configuration',
    limits: [{ type: 'Namespace', qps: 1, burst: 2 }],
  }
  writeFileSync(
    limits,
    JSON.stringify({
      apiVersion: 'apiserver.config.k8s.io/v1',
      kind: 'AdmissionConfiguration',
      plugins: [{ name: 'EventRateLimit', configuration: spec }],
    }),
  )
  strict = await SecureServer.start({
    'enable-admission-plugins': ['DenyServiceExternalIPs,AlwaysPullImages,EventRateLimit'],
    'admission-control-config-file': [limits],
    profiling: ['false'],
  })
  await makeAccount(strict)
  const access = { ...server.api, certificateAuthority: certificateAuthority(env.random, server.pki.ca) }
  ;({ stopped: controllers } = startControlPlane({ api: access, env, signal: stop.signal }))
})

after(async () => {
  stop.abort(new Error('the test ends'))
  await controllers
  await server[Symbol.asyncDispose]()
  await strict[Symbol.asyncDispose]()
  rmSync(folder, { recursive: true })
})

const SERVICES = '/api/v1/namespaces/default/services'

control('1.2.1', async () => {
  const { paths } = await server.get<{ paths: string[] }>('/')
  for (const path of [...paths, '/api/v1/secrets', '/api/v1/nodes', '/nothing']) {
    const isOpen = /^\/(healthz|livez|readyz|version)$/.test(path)
    const { status } = await server.send(path, { as: undefined })
    assert.equal(status, isOpen ? 200 : 403, path)
  }
})

control('1.2.2', async () => {
  await using plain = await SecureServer.start({ 'token-auth-file': [] })
  for (const token of ['admin-token', 'alice-token', '', 'x'])
    assert.notEqual((await plain.send('/api', { token })).status, 200)
})

control('1.2.3', async () => {
  const body = { metadata: { name: 'ext' }, spec: { ports: [{ port: 80 }], externalIPs: ['192.0.2.7'] } }
  assert.match(
    await strict.refused(403, SERVICES, { method: 'POST', body }),
    /Use of external IPs is denied by admission control/,
  )
})

/** A kubelet that says whose certificate it was shown. */
async function kubelet(): Promise<{ readonly port: number; close(): void }> {
  const own = await makeCertificate(env, server.pki.ca, { name: 'CN=system:node:k', serves: ['127.0.0.1'] })
  const https = createServer({ ...own, requestCert: true, rejectUnauthorized: false }, (request, response) => {
    const shown = (request.socket as TLSSocket).getPeerX509Certificate()
    response.end(shown === undefined ? 'nobody' : shown.subject)
  })
  https.listen(0, '127.0.0.1')
  await once(https, 'listening')
  return { port: (https.address() as AddressInfo).port, close: () => (https.closeAllConnections(), void https.close()) }
}

control('1.2.4', async () => {
  const node = await kubelet()
  await makeNode(strict, 'shown', '127.0.0.1', node.port)
  await makePod(strict, 'logs', '', 'shown')
  const { text } = await strict.expect(200, `${PODS}/logs/log`)
  assert.match(text, /CN=kube-apiserver-kubelet-client/)
  node.close()
})

control('1.2.5', async () => {
  const node = await kubelet()
  const [trusted, other] = [join(folder, 'ca.crt'), join(folder, 'other.crt')]
  writeFileSync(trusted, server.pki.ca.cert)
  writeFileSync(other, (await makeAuthority(env, 'CN=other')).cert)
  for (const [file, status] of [
    [trusted, 200],
    [other, 500],
  ] as const) {
    await using checking = await SecureServer.start({ 'kubelet-certificate-authority': [file] })
    await makeAccount(checking)
    await makeNode(checking, 'checked', '127.0.0.1', node.port)
    await makePod(checking, 'logs', '', 'checked')
    const { text } = await checking.expect(status, `${PODS}/logs/log`)
    if (status === 500) assert.match(text, /x509: certificate signed by unknown authority/)
  }
  node.close()
})

control('1.2.6', async () => {
  for (const path of ['/api/v1/secrets', '/api/v1/nodes', '/metrics', '/debug/pprof/'])
    await server.expect(403, path, { as: 'dave' })
})

const NODE_USER = { name: 'system:node:mine', groups: ['system:nodes', 'system:authenticated'] }

async function asNode(): Promise<{ readonly tls: { readonly cert: string; readonly key: string } }> {
  return { tls: await makeCertificate(env, server.pki.ca, { name: `O=system:nodes, CN=${NODE_USER.name}` }) }
}

control('1.2.7', async () => {
  const secrets = '/api/v1/namespaces/default/secrets'
  for (const name of ['named', 'other']) await server.create(secrets, { metadata: { name } })
  const spec = {
    nodeName: 'mine',
    volumes: [{ name: 'v', secret: { secretName: 'named' } }],
    containers: [{ name: 'main', image: 'app' }],
  }
  await server.create(PODS, { metadata: { name: 'names-one' }, spec })
  const node = await asNode()
  await server.expect(200, `${secrets}/named`, node)
  await server.expect(403, `${secrets}/other`, node)
  await server.expect(403, secrets, node)
})

control('1.2.8', async () => {
  await server.expect(403, '/api/v1/configmaps', { as: 'carol' })
  await server.allow('carol', [{ apiGroups: [''], resources: ['configmaps'], verbs: ['list'] }])
  await server.expect(200, '/api/v1/configmaps', { as: 'carol' })
  await server.expect(403, '/api/v1/secrets', { as: 'carol' })
})

control('1.2.9', async () => {
  const statuses: number[] = []
  for (let i = 0; i < 4; i++) {
    const body = {
      metadata: { name: `e${i}` },
      involvedObject: { kind: 'Pod', name: 'p', namespace: 'default' },
      reason: 'X',
      type: 'Normal',
    }
    statuses.push((await strict.send('/api/v1/namespaces/default/events', { method: 'POST', body })).status)
  }
  assert.deepEqual([statuses[0], statuses[1], statuses[3]], [201, 201, 429])
})

control('1.2.10', () => assert.ok(!pluginNames({}).includes('AlwaysAdmit')))

control('1.2.11', async () => {
  const pod = await makePod(strict, 'pulls', '')
  const { spec } = pod as unknown as { spec: { containers: { imagePullPolicy: string }[] } }
  assert.equal(spec.containers[0]?.imagePullPolicy, 'Always')
})

control('1.2.12', async () => {
  const spec = { containers: [{ name: 'main', image: 'app' }] }
  const { spec: made } = await server.create<{ spec: { serviceAccountName: string } }>(PODS, {
    metadata: { name: 'with-account' },
    spec,
  })
  assert.equal(made.serviceAccountName, 'default')
  const body = { metadata: { name: 'x' }, spec: { ...spec, serviceAccountName: 'missing' } }
  assert.match(await server.refused(403, PODS, { method: 'POST', body }), /serviceaccount "missing" not found/)
})

control('1.2.13', async () => {
  const body = { metadata: { name: 'x' } }
  await server.expect(404, '/api/v1/namespaces/nowhere/configmaps', { method: 'POST', body })
  await server.create('/api/v1/namespaces', { metadata: { name: 'going', finalizers: ['example.com/stays'] } })
  await server.expect(200, '/api/v1/namespaces/going', { method: 'DELETE' })
  const message = await server.refused(403, '/api/v1/namespaces/going/configmaps', { method: 'POST', body })
  assert.match(message, /because it is being terminated/)
  await server.expect(403, '/api/v1/namespaces/kube-system', { method: 'DELETE' })
})

control('1.2.14', async () => {
  const node = await asNode()
  await server.create('/api/v1/nodes', { metadata: { name: 'theirs' } })
  const patch = {
    method: 'PATCH',
    headers: { 'content-type': 'application/merge-patch+json' },
    body: { metadata: { labels: { a: 'b' } } },
  }
  assert.match(
    await server.refused(403, '/api/v1/nodes/theirs', { ...node, ...patch }),
    /node "mine" (is not allowed to modify|cannot patch)/,
  )
  await server.create('/api/v1/nodes', { metadata: { name: 'mine' } })
  const restricted = { ...patch, body: { metadata: { labels: { 'node-restriction.kubernetes.io/a': 'b' } } } }
  assert.match(
    await server.refused(403, '/api/v1/nodes/mine', { ...node, ...restricted }),
    /is not allowed to modify labels/,
  )
})

control('1.2.15', async () => {
  await server.expect(403, '/debug/pprof/', { as: 'dave' })
  await server.expect(200, '/debug/pprof/')
  await strict.expect(404, '/debug/pprof/')
})

/** An etcd that only shakes hands: who comes, and whether they stay. */
async function handshakes(trust: 'ours' | 'theirs'): Promise<string> {
  const [ours, theirs] = [await makeAuthority(env, 'CN=etcd-ca'), await makeAuthority(env, 'CN=other')]
  const serving = await makeCertificate(env, ours, { name: 'CN=etcd', serves: ['127.0.0.1'] })
  const client = await makeCertificate(env, ours, { name: 'CN=apiserver-etcd-client' })
  const files = {
    caFile: join(folder, `${trust}.crt`),
    certFile: join(folder, 'client.crt'),
    keyFile: join(folder, 'client.key'),
  }
  writeFileSync(files.caFile, (trust === 'ours' ? ours : theirs).cert)
  writeFileSync(files.certFile, client.cert)
  writeFileSync(files.keyFile, client.key)
  const etcd = createSecureServer({ ...serving, ca: ours.cert, requestCert: true, rejectUnauthorized: true })
  const came = new Promise<string>((resolve) => {
    etcd.on('secureConnection', (socket: TLSSocket) => resolve(socket.getPeerX509Certificate()?.subject ?? ''))
    etcd.on('tlsClientError', () => resolve('refused'))
  })
  etcd.on('stream', (stream) => stream.respond({ ':status': 503 }, { endStream: true }))
  etcd.listen(0, '127.0.0.1')
  await once(etcd, 'listening')
  const { port } = etcd.address() as AddressInfo
  const { tls } = etcdOptions({
    servers: [`https://127.0.0.1:${port}`],
    prefix: '/registry',
    compactionSeconds: 0,
    ...files,
  })
  const connection = new Connection(`https://127.0.0.1:${port}`, tls)
  const asked = connection.call(methods.status, {}, 500).catch(() => undefined)
  const seen = await came
  connection.close()
  etcd.close()
  await asked
  return seen
}

control('1.2.23', async () => assert.equal(await handshakes('ours'), 'CN=apiserver-etcd-client'))
control('1.2.26', async () => assert.equal(await handshakes('theirs'), 'refused'))

control('1.2.24', async () => {
  const socket = connect(server.api.listener.port, '127.0.0.1')
  socket.on('error', () => socket.destroy())
  socket.write('GET /livez HTTP/1.1\r\nHost: a\r\n\r\n')
  let answer = ''
  socket.on('data', (data: Buffer) => (answer += data.toString('latin1')))
  await once(socket, 'close')
  assert.doesNotMatch(answer, /HTTP/)
  const { socket: secure } = await server.raw()
  assert.ok(secure.getPeerX509Certificate()?.checkIssued(new X509Certificate(server.pki.ca.cert)))
  secure.destroy()
})

control('1.3.3', async () => {
  const { status } = await server.create<{ status: { userInfo: { username: string } } }>(
    '/apis/authentication.k8s.io/v1/selfsubjectreviews',
    {},
  )
  assert.equal(status.userInfo.username, 'admin')
  // What a controller may not that is another's business: it acts as its own account, and not as all of them.
  const replicaSets = server.api.transportFor(identities.controller('replicaset-controller'))
  const answer = await replicaSets.request({
    method: 'GET',
    path: '/api/v1/secrets',
    headers: {},
    signal: new AbortController().signal,
  })
  assert.equal(answer.status, 403)
})

control('1.3.5', async () => {
  await server.create('/api/v1/namespaces', { metadata: { name: 'told' } })
  const path = '/api/v1/namespaces/told/configmaps/kube-root-ca.crt'
  while ((await server.send(path)).status !== 200) await new Promise((resolve) => setImmediate(resolve))
  assert.equal((await server.get<{ data: Record<string, string> }>(path)).data['ca.crt'], server.pki.ca.cert)
})

control('3.1.3', async () => {
  const stringData = {
    'token-id': 'abcdef',
    'token-secret': '0123456789abcdef',
    'usage-bootstrap-authentication': 'true',
  }
  const secret = { metadata: { name: 'bootstrap-token-abcdef' }, type: 'bootstrap.kubernetes.io/token', stringData }
  await server.create('/api/v1/namespaces/kube-system/secrets', secret)
  await server.expect(401, '/api', { token: 'abcdef.0123456789abcdef' })
})

/** Of pods that are refused in a namespace with the level restricted. */
async function refusedPod(spec: object, container: object, why: RegExp): Promise<void> {
  const namespace = '/api/v1/namespaces/restricted'
  if ((await server.send(namespace)).status === 404) {
    await server.create('/api/v1/namespaces', {
      metadata: { name: 'restricted', labels: { 'pod-security.kubernetes.io/enforce': 'restricted' } },
    })
    while ((await server.send(`${namespace}/serviceaccounts/default`)).status !== 200)
      await new Promise((resolve) => setImmediate(resolve))
  }
  const securityContext = {
    allowPrivilegeEscalation: false,
    runAsNonRoot: true,
    capabilities: { drop: ['ALL'] },
    seccompProfile: { type: 'RuntimeDefault' },
  }
  const good = { name: 'main', image: 'app', securityContext }
  const pod = (more: object, one: object) => ({
    metadata: { name: 'p' },
    spec: { ...more, containers: [{ ...good, ...one }] },
  })
  await server.expect(201, `${namespace}/pods?dryRun=All`, { method: 'POST', body: pod({}, {}) })
  const merged =
    'securityContext' in container
      ? { securityContext: { ...securityContext, ...(container.securityContext as object) } }
      : container
  const message = await server.refused(403, `${namespace}/pods?dryRun=All`, { method: 'POST', body: pod(spec, merged) })
  assert.match(message, why)
}

control('5.2.1', () => assert.ok(pluginNames({}).includes('PodSecurity')))
control('5.2.2', () =>
  refusedPod({}, { securityContext: { privileged: true, allowPrivilegeEscalation: true } }, /privileged/),
)
control('5.2.3', () => refusedPod({ hostPID: true }, {}, /host namespaces \(hostPID=true\)/))
control('5.2.4', () => refusedPod({ hostIPC: true }, {}, /host namespaces \(hostIPC=true\)/))
control('5.2.5', () => refusedPod({ hostNetwork: true }, {}, /host namespaces \(hostNetwork=true\)/))
control('5.2.6', () =>
  refusedPod({}, { securityContext: { allowPrivilegeEscalation: true } }, /allowPrivilegeEscalation != false/),
)
control('5.2.7', () => refusedPod({}, { securityContext: { runAsNonRoot: false } }, /runAsNonRoot != true/))
control('5.2.8', () =>
  refusedPod({}, { securityContext: { capabilities: { drop: ['ALL'], add: ['NET_RAW'] } } }, /NET_RAW/),
)
control('5.2.9', () => refusedPod({}, { securityContext: { capabilities: {} } }, /unrestricted capabilities/))
control('5.2.10', () =>
  refusedPod({ hostNetwork: true }, { securityContext: { windowsOptions: { hostProcess: true } } }, /hostProcess/),
)
control('5.2.11', () => refusedPod({ volumes: [{ name: 'v', hostPath: { path: '/' } }] }, {}, /hostPath/))
control('5.2.12', () => refusedPod({}, { ports: [{ containerPort: 80, hostPort: 80 }] }, /hostPort/))
control('5.5.1', () => assert.ok(pluginNames({ enable: ['ImagePolicyWebhook'] }).includes('ImagePolicyWebhook')))

interface Rule {
  readonly apiGroups?: string[]
  readonly resources?: string[]
  readonly verbs: string[]
  readonly nonResourceURLs?: string[]
}
interface Role {
  readonly metadata: { readonly name: string }
  readonly rules?: Rule[]
}
interface Binding {
  readonly metadata: { readonly name: string; readonly labels?: Record<string, string> }
  readonly roleRef: { readonly name: string }
  readonly subjects?: { readonly kind: string; readonly name: string }[]
}

const RBAC = '/apis/rbac.authorization.k8s.io/v1'

/** Whom the cluster itself grants something to: names of subjects, by rules that match. */
async function granted(what: (rule: Rule) => boolean): Promise<string[]> {
  const [roles, bindings] = await Promise.all([
    strict.get<{ items: Role[] }>(`${RBAC}/clusterroles`),
    strict.get<{ items: Binding[] }>(`${RBAC}/clusterrolebindings`),
  ])
  const matching = new Set(
    roles.items.filter(({ rules = [] }) => rules.some(what)).map(({ metadata }) => metadata.name),
  )
  const subjects = bindings.items
    .filter(({ roleRef }) => matching.has(roleRef.name))
    .flatMap(({ subjects: all = [] }) => all)
  return [...new Set(subjects.map(({ name }) => name))].sort()
}

const includes = (list: readonly string[] | undefined, ...names: string[]): boolean =>
  list?.some((one) => one === '*' || names.includes(one)) ?? false
const on =
  (resource: string, verbs: readonly string[], group = '') =>
  (rule: Rule): boolean =>
    includes(rule.resources, resource) && includes(rule.apiGroups, group) && includes(rule.verbs, ...verbs)
const controllersOf = (names: readonly string[]): string[] =>
  names.filter((name) => !/-controller$|-collector$|-binder$|-manager$/.test(name))

control('5.1.1', async () => {
  const { items } = await strict.get<{ items: Binding[] }>(`${RBAC}/clusterrolebindings`)
  const admins = items.filter(({ roleRef }) => roleRef.name === 'cluster-admin')
  assert.deepEqual(
    admins.flatMap(({ subjects = [] }) => subjects.map(({ name }) => name)),
    ['system:masters'],
  )
})
control('5.1.2', async () => {
  assert.deepEqual(controllersOf(await granted(on('secrets', ['get', 'list', 'watch']))), ['system:masters'])
})
control('5.1.3', async () => {
  const all = await granted(
    (rule) => includes(rule.resources, '-') && includes(rule.apiGroups, '-') && includes(rule.verbs, '-'),
  )
  assert.deepEqual(controllersOf(all), ['system:masters'])
})
control('5.1.4', async () => {
  const makers = await granted(on('pods', ['create']))
  assert.deepEqual(makers, [
    'daemon-set-controller',
    'job-controller',
    'persistent-volume-binder',
    'replicaset-controller',
    'replication-controller',
    'statefulset-controller',
    'system:masters',
  ])
})
control('5.1.5', async () => {
  const { status } = await strict.create<{ status: { token: string } }>(
    '/api/v1/namespaces/default/serviceaccounts/default/token',
    { spec: {} },
  )
  for (const path of [
    '/api/v1/secrets',
    '/api/v1/namespaces/default/pods',
    '/api/v1/nodes',
    '/api/v1/namespaces/default/configmaps',
  ])
    await strict.expect(403, path, { token: status.token })
})
control('5.1.6', async () => {
  const spec = { containers: [{ name: 'main', image: 'app' }] }
  const mounts = async (name: string, more: object): Promise<number> => {
    const pod = await strict.create<{ spec: { volumes?: unknown[] } }>(PODS, {
      metadata: { name },
      spec: { ...spec, ...more },
    })
    return pod.spec.volumes?.length ?? 0
  }
  assert.deepEqual(
    [await mounts('token', {}), await mounts('no-token', { automountServiceAccountToken: false })],
    [1, 0],
  )
  await strict.create('/api/v1/namespaces/default/serviceaccounts', {
    metadata: { name: 'quiet' },
    automountServiceAccountToken: false,
  })
  assert.equal(await mounts('quiet', { serviceAccountName: 'quiet' }), 0)
})
control('5.1.7', async () => {
  const who = async (as: User) =>
    (
      await strict.create<{ status: { userInfo: { groups: string[] } } }>(
        '/apis/authentication.k8s.io/v1/selfsubjectreviews',
        {},
        as,
      )
    ).status.userInfo.groups
  assert.ok(!(await who('alice')).includes('system:masters'))
  const { pki } = strict
  const masters = Object.entries({ admin: pki.admin, serving: pki.serving, proxy: pki.frontProxy.client }).filter(
    ([, { cert }]) => new X509Certificate(cert).subject.includes('system:masters'),
  )
  assert.deepEqual(
    masters.map(([name]) => name),
    ['admin'],
  )
})
control('5.1.8', async () => {
  for (const verb of ['bind', 'escalate', 'impersonate']) {
    const holders = await granted((rule) => rule.verbs.includes(verb) || includes(rule.verbs, '-'))
    assert.deepEqual(
      controllersOf(holders).filter((name) => name !== 'system:kube-controller-manager'),
      ['system:masters'],
      verb,
    )
  }
})
control('5.1.9', async () =>
  assert.deepEqual(await granted(on('persistentvolumes', ['create'])), [
    'persistent-volume-binder',
    // Who makes the volumes of the default class.
    'skiff-local-volumes',
    'system:masters',
  ]),
)
control('5.1.10', async () =>
  assert.deepEqual(await granted(on('nodes/proxy', ['get', 'create'])), [
    'generic-garbage-collector',
    'namespace-controller',
    'system:masters',
  ]),
)
control('5.1.11', async () => {
  assert.deepEqual(await granted(on('certificatesigningrequests/approval', ['update'], 'certificates.k8s.io')), [
    'certificate-controller',
    'generic-garbage-collector',
    'system:masters',
  ])
})
control('5.1.12', async () => {
  for (const kind of ['validatingwebhookconfigurations', 'mutatingwebhookconfigurations'])
    assert.deepEqual(await granted(on(kind, ['create', 'update', 'patch', 'delete'], 'admissionregistration.k8s.io')), [
      'generic-garbage-collector',
      'namespace-controller',
      'system:masters',
    ])
})
control('5.1.13', async () => {
  assert.deepEqual(controllersOf(await granted(on('serviceaccounts/token', ['create']))), ['system:masters'])
})

import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { copyFileSync, existsSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { after, before, test } from 'node:test'
import { stringify } from 'yaml'
import { certificateSigningRequests, clusterRoleBindings, secrets } from '../../api/index.ts'
import { serveHttps, type HttpsListener } from '../../apiserver/http/serve.ts'
import { applyManifest } from '../../client/apply-set/apply.ts'
import { parseManifests } from '../../client/apply-set/parse.ts'
import type { Client } from '../../client/client.ts'
import { systemClock } from '../../lib/clock.ts'
import { silentLogger } from '../../lib/log.ts'
import { systemRandom } from '../../lib/random.ts'
import { MemoryStore } from '../../store/memory/store.ts'
import { certificateAuthenticator } from './certificate-authenticator.ts'
import { certificateAuthority } from './certificate-authority.ts'
import { makeRequest } from './certificate-request.ts'
import { makeAuthority, makeCertificate } from './certificates.ts'
import { startControlPlane } from './control-plane.ts'
import { type GuardedApi, startGuardedApi } from './guarded-api.ts'
import { bootstrapNode } from './node-bootstrap.ts'
import { remoteApi } from './remote-api.ts'

const env = { clock: systemClock, random: systemRandom, log: silentLogger }
const stop = new AbortController()
const folder = mkdtempSync(join(tmpdir(), 'skiff-join-'))
const running: { api?: GuardedApi; listener?: HttpsListener; stopped?: Promise<void> } = {}
let admin: Client
let ca = ''

before(async () => {
  const authority = await makeAuthority(env, 'CN=kubernetes')
  ca = authority.cert
  const api = await startGuardedApi({
    store: new MemoryStore({ clock: systemClock }),
    env,
    rootCa: ca,
    serviceCidr: '10.96.0.0/16',
    clusterDomain: 'cluster.local',
    bootstrapTokens: true,
    authenticators: [certificateAuthenticator(ca)],
  })
  const serving = await makeCertificate(env, authority, { name: 'CN=kube-apiserver', serves: ['127.0.0.1'] })
  const tls = { ...serving, clientCa: ca }
  const listener = await serveHttps(api.server, { port: 0, host: '127.0.0.1', tls })
  await api.bootstrap()
  const access = { ...api, certificateAuthority: certificateAuthority(systemRandom, authority) }
  const { stopped } = startControlPlane({ api: access, env, signal: stop.signal })
  Object.assign(running, { api, listener, stopped })
  admin = api.clientFor({ name: 'admin', groups: ['system:masters', 'system:authenticated'] }, 'test')
  const manifests = readFileSync(resolve(import.meta.dirname, '../../../examples/join/bootstrap.yaml'), 'utf8')
  for (const manifest of parseManifests(manifests)) await applyManifest(admin, manifest)
})

after(async () => {
  stop.abort(new Error('the test ends'))
  await running.stopped
  await running.listener?.close()
  await running.api?.stop()
  rmSync(folder, { recursive: true })
})

function bootstrapFile(token: string): string {
  const file = join(folder, `bootstrap-${token}.yaml`)
  const server = `https://127.0.0.1:${running.listener?.port}`
  const cluster = { server, 'certificate-authority-data': Buffer.from(ca).toString('base64') }
  const config = {
    clusters: [{ name: 'c', cluster }],
    users: [{ name: 'u', user: { token } }],
    contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
    'current-context': 'x',
  }
  writeFileSync(file, stringify(config))
  return file
}

const GOOD = 'abcdef.0123456789abcdef'

function join_(nodeName: string, { token = GOOD, laterMs = 0 } = {}): Promise<void> {
  const clock = { ...systemClock, now: () => systemClock.now() + laterMs }
  return bootstrapNode({
    kubeconfig: join(folder, `${nodeName}.kubeconfig`),
    bootstrapKubeconfig: bootstrapFile(token),
    folder: join(folder, nodeName),
    nodeName,
    env: { ...env, clock },
    signal: stop.signal,
  })
}

async function whoami(nodeName: string): Promise<string> {
  const api = remoteApi(join(folder, `${nodeName}.kubeconfig`), env)
  try {
    const { body } = await api.transportFor({ name: '', groups: [] }).request({
      method: 'POST',
      path: '/apis/authentication.k8s.io/v1/selfsubjectreviews',
      headers: { 'content-type': 'application/json' },
      body: {},
    })
    return JSON.stringify(body)
  } finally {
    api.close()
  }
}

const certificateOf = (nodeName: string): X509Certificate =>
  new X509Certificate(readFileSync(join(folder, nodeName, `kubelet-client-${nodeName}.crt`)))
const asked = async (): Promise<number> => (await admin(certificateSigningRequests).list()).items.length

test('who holds a bootstrap token joins, is the node from then on, and does not ask again while that is good', async () => {
  await join_('n1')
  assert.match(await whoami('n1'), /"username":"system:node:n1".*"groups":\["system:nodes","system:authenticated"\]/)
  const before = await asked()
  const { serialNumber } = certificateOf('n1')
  // Not even the token is needed.
  await join_('n1', { token: 'zzzzzz.zzzzzzzzzzzzzzzz' })
  assert.equal(await asked(), before)
  // Two years later it is over; the one that it is given, of now, is not looked at with that clock.
  await join_('n1', { laterMs: 2 * 365 * 86_400_000 })
  assert.equal(await asked(), before + 1)
  assert.notEqual(certificateOf('n1').serialNumber, serialNumber)
})

test('who is cut off while the certificate is renewed needs no token again', async () => {
  await join_('n7')
  const file = join(folder, 'n7', 'kubelet-client-n7')
  // The next certificate is there, its key not yet in its place.
  renameSync(`${file}.key`, `${file}.key.waiting`)
  copyFileSync(join(folder, 'n1', 'kubelet-client-n1.key'), `${file}.key`)
  const before = await asked()
  await join_('n7', { token: 'zzzzzz.zzzzzzzzzzzzzzzz' })
  assert.equal(await asked(), before)
  assert.match(await whoami('n7'), /"username":"system:node:n7"/)
})

test('a kubeconfig that is of no use is replaced', async () => {
  for (const [name, content] of [
    ['n2', 'not: [a kubeconfig'],
    ['n3', readFileSync(bootstrapFile(GOOD), 'utf8')],
  ] as const) {
    writeFileSync(join(folder, `${name}.kubeconfig`), content)
    await join_(name)
    assert.match(await whoami(name), new RegExp(`"username":"system:node:${name}"`))
  }
})

test('the token that joins may not do what the node may', async () => {
  const api = remoteApi(bootstrapFile(GOOD), env)
  const client = api.clientFor({ name: '', groups: [] }, 'test')
  await assert.rejects(client(secrets).list({ namespace: 'kube-system' }), /system:bootstrap:abcdef.*cannot list/)
  api.close()
})

test('nor let itself in as somebody else, nor approve what it asks for', async (t) => {
  const api = remoteApi(bootstrapFile(GOOD), env)
  t.after(() => api.close())
  const client = api.clientFor({ name: '', groups: [] }, 'test')
  const ask = async (
    signer: string,
    usage: 'client auth' | 'server auth',
    subject: Parameters<typeof makeRequest>[0],
  ) =>
    client(certificateSigningRequests).create({
      metadata: { generateName: 'csr-' },
      spec: {
        request: (await makeRequest(subject)).request,
        signerName: `kubernetes.io/${signer}`,
        usages: ['digital signature', usage],
      },
    })
  const masters = { O: ['system:masters'], CN: 'admin' }
  await assert.rejects(
    ask('kube-apiserver-client', 'client auth', masters),
    /use of kubernetes.io\/kube-apiserver-client signer with system:masters group is not allowed/,
  )
  const serving = { O: ['system:nodes'], CN: 'system:node:n1', serves: ['n1'] }
  const waiting = [
    await ask('kubelet-serving', 'server auth', serving),
    await ask('kube-apiserver-client', 'client auth', { O: ['admins'], CN: 'admin' }),
    await ask('kube-apiserver-client-kubelet', 'client auth', { O: ['system:nodes'], CN: 'admin' }),
  ]
  const conditions = [{ type: 'Approved', status: 'True', reason: 'Test', message: 'me' } as const]
  for (const one of waiting) {
    const approved = { ...one, status: { conditions } }
    await assert.rejects(client(certificateSigningRequests).updateSubresource(one, 'approval', approved), {
      message: /system:bootstrap:abcdef.*cannot update resource "certificatesigningrequests\/approval"/,
    })
  }
  // Another one is let in meanwhile; these are not.
  await join_('n8')
  for (const { metadata } of waiting) {
    const { status } = await admin(certificateSigningRequests).get(metadata.name ?? '')
    assert.ok(!status?.conditions?.some(({ type }) => type === 'Approved'), metadata.name)
    assert.equal(status?.certificate, undefined)
    await admin(certificateSigningRequests).delete(metadata.name ?? '')
  }
})

const REFUSED = { name: 'UserError', message: /^the node was not given a certificate: / }

test('who holds no token, or is denied, does not join, and is told why', async () => {
  await assert.rejects(join_('n4', { token: 'abcdef.0000000000000000' }), { ...REFUSED, message: /Unauthorized/ })
  await admin(clusterRoleBindings).delete('join-approve')
  const before = await asked()
  const refused = assert.rejects(join_('n5'), { ...REFUSED, message: /is denied, reason: Test, message: not you/ })
  while ((await asked()) === before) await setImmediate()
  const { items } = await admin(certificateSigningRequests).list()
  const waiting = items.find(({ spec, status }) => spec.username === 'system:bootstrap:abcdef' && !status?.conditions)
  assert.ok(waiting)
  const conditions = [{ type: 'Denied', status: 'True', reason: 'Test', message: 'not you' } as const]
  await admin(certificateSigningRequests).updateSubresource(waiting, 'approval', { ...waiting, status: { conditions } })
  await refused
  assert.ok(!existsSync(join(folder, 'n5.kubeconfig')))
  await assert.rejects(
    bootstrapNode({
      kubeconfig: join(folder, 'n6.kubeconfig'),
      bootstrapKubeconfig: join(folder, 'nowhere'),
      folder,
      nodeName: 'n6',
      env,
      signal: stop.signal,
    }),
    { name: 'UserError', message: /nowhere/ },
  )
})

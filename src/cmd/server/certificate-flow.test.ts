import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { after, before, it } from 'node:test'
import type { CertificateSigningRequest, KeyUsage } from '../../api/generated/types/certificates/v1.ts'
import type { SelfSubjectReview } from '../../api/generated/types/authentication/v1.ts'
import { certificateSigningRequests, clusterRoleBindings, selfSubjectReviews } from '../../api/index.ts'
import type { Frozen } from '../../apimachinery/meta.ts'
import { hasReason } from '../../apimachinery/status.ts'
import { serveHttps, type HttpsListener } from '../../apiserver/http/serve.ts'
import type { Client } from '../../client/client.ts'
import { createClient } from '../../client/create-client.ts'
import { httpTransport } from '../../client/http/transport.ts'
import { systemClock } from '../../lib/clock.ts'
import { silentLogger } from '../../lib/log.ts'
import { systemRandom } from '../../lib/random.ts'
import { MemoryStore } from '../../store/memory/store.ts'
import { renderKubeconfig } from '../../host/kubeconfig/kubeconfig.ts'
import { certificateAuthenticator } from './certificate-authenticator.ts'
import { certificateAuthority } from './certificate-authority.ts'
import { makeAuthority, makeCertificate } from './certificates.ts'
import { startControlPlane } from './control-plane.ts'
import { type GuardedApi, startGuardedApi } from './guarded-api.ts'
import { keepClientRequested } from './client-request.ts'
import { remoteApi, type RemoteApi } from './remote-api.ts'
import { keepServingRequested, requestedServing } from './serving-request.ts'
import { makeRequest, type RequestWithKey, type RequestedSubject } from './certificate-request.ts'

const env = { clock: systemClock, random: systemRandom, log: silentLogger }
const stop = new AbortController()
const running: { api?: GuardedApi; listener?: HttpsListener; ca?: string; caKey?: string; stopped?: Promise<void> } = {}
let admin: Client

before(async () => {
  const [ca, clock] = [await makeAuthority(env, 'CN=kubernetes'), systemClock]
  const api = await startGuardedApi({
    store: new MemoryStore({ clock }),
    env,
    rootCa: ca.cert,
    serviceCidr: '10.96.0.0/16',
    clusterDomain: 'cluster.local',
    authenticators: [certificateAuthenticator(ca.cert)],
  })
  const serving = await makeCertificate(env, ca, { name: 'CN=kube-apiserver', serves: ['127.0.0.1'] })
  const tls = { ...serving, clientCa: ca.cert }
  const listener = await serveHttps(api.server, { port: 0, host: '127.0.0.1', tls })
  await api.bootstrap()
  const access = { ...api, certificateAuthority: certificateAuthority(systemRandom, ca) }
  const { stopped } = startControlPlane({ api: access, env, signal: stop.signal })
  admin = api.clientFor({ name: 'admin', groups: ['system:masters', 'system:authenticated'] }, 'test')
  Object.assign(running, { api, listener, ca: ca.cert, caKey: ca.key, stopped })
})

after(async () => {
  stop.abort(new Error('the test ends'))
  await running.stopped
  await running.listener?.close()
  await running.api?.stop()
})

interface Ask {
  readonly name: string
  readonly signer?: string
  readonly usages?: readonly KeyUsage[]
  readonly expirationSeconds?: number
  readonly by?: Client
}

/** What in other notations would be a quoted value, a second attribute, bytes in hexadecimal. */
const JANE = '#6a, "system:masters" + O=system:masters\nO=y'

const CLIENT = 'kubernetes.io/kube-apiserver-client'

function ask(
  { request }: RequestWithKey,
  { name, signer = CLIENT, usages = ['client auth'], by = admin, ...more }: Ask,
) {
  const { expirationSeconds } = more
  const spec = { request, signerName: signer, usages: [...usages], ...(expirationSeconds && { expirationSeconds }) }
  return by(certificateSigningRequests).create({ metadata: { name }, spec })
}

async function decide(name: string, type: 'Approved' | 'Denied'): Promise<void> {
  const request = await admin(certificateSigningRequests).get(name)
  const conditions = [{ type, status: 'True', reason: 'Test', message: 'by the test' }]
  await admin(certificateSigningRequests).updateSubresource(request, 'approval', { ...request, status: { conditions } })
}

async function until(
  name: string,
  holds: (request: Frozen<CertificateSigningRequest>) => unknown,
): Promise<Frozen<CertificateSigningRequest>> {
  for (;;) {
    const request = await admin(certificateSigningRequests).get(name)
    if (holds(request)) return request
    await setImmediate()
  }
}

const issued = async (name: string): Promise<X509Certificate> => {
  const { status } = await until(name, (request) => request.status?.certificate)
  return new X509Certificate(Buffer.from(status?.certificate ?? '', 'base64'))
}
const failure = async (name: string) => {
  const { status } = await until(name, (request) => request.status?.conditions?.some(({ type }) => type === 'Failed'))
  const { reason, message } = status?.conditions?.find(({ type }) => type === 'Failed') ?? {}
  return { reason, message, certificate: status?.certificate }
}

/** Who the API server takes the holder of the certificate for. */
async function whoami(certificate: X509Certificate, key: string): Promise<Frozen<SelfSubjectReview>> {
  const server = `https://127.0.0.1:${running.listener?.port}`
  const own = { cert: certificate.toString(), key }
  const transport = httpTransport({ server, ca: running.ca ?? '', certificate: () => own }, systemClock)
  try {
    return await createClient({ transport, env, userAgent: 'test' })(selfSubjectReviews).create({ metadata: {} })
  } finally {
    transport.close()
  }
}

it('a user asks, is approved, and comes in with the certificate; what it says of names is what was asked', async () => {
  const asked = await makeRequest({ O: ['dev', 'ops, or not\nO=x'], CN: JANE })
  await ask(asked, { name: 'jane', expirationSeconds: 3600 })
  assert.equal((await admin(certificateSigningRequests).get('jane')).status?.certificate, undefined)
  await decide('jane', 'Approved')
  const certificate = await issued('jane')
  const { userInfo } = (await whoami(certificate, asked.key)).status ?? {}
  assert.equal(userInfo?.username, JANE)
  assert.deepEqual(userInfo?.groups, ['dev', 'ops, or not\nO=x', 'system:authenticated'])
  const lasts = certificate.validToDate.getTime() - certificate.validFromDate.getTime()
  assert.equal(lasts, (3600 + 300) * 1000)
  assert.deepEqual(certificate.keyUsage, ['1.3.6.1.5.5.7.3.2'])
  assert.equal(certificate.ca, false)
})

it('the cluster gives a certificate a year unless told', async () => {
  await ask(await makeRequest({ CN: 'joe' }), { name: 'joe' })
  await decide('joe', 'Approved')
  const { validToDate, validFromDate } = await issued('joe')
  assert.equal(validToDate.getTime() - validFromDate.getTime(), 365 * 86_400_000)
})

it('who is denied gets none', async () => {
  const asked = await makeRequest({ CN: 'mallory' })
  await ask(asked, { name: 'denied' })
  await decide('denied', 'Denied')
  // What is asked for later is signed; by then the denied one would have been.
  await ask(await makeRequest({ CN: 'later' }), { name: 'later' })
  await decide('later', 'Approved')
  await issued('later')
  assert.equal((await admin(certificateSigningRequests).get('denied')).status?.certificate, undefined)
})

const WRONG: readonly (Omit<Ask, 'name'> & {
  readonly what: string
  readonly of: RequestedSubject
  readonly why: string
})[] = [
  {
    what: 'serve',
    of: { CN: 'x' },
    usages: ['server auth'],
    why: 'invalid usage for client certificate: server auth',
  },
  {
    what: 'neither',
    of: { CN: 'x' },
    usages: ['digital signature'],
    why: 'missing required usage for client certificate: client auth',
  },
  {
    what: 'kubelet',
    of: { O: ['system:nodes'], CN: 'x' },
    signer: 'kubernetes.io/kube-apiserver-client-kubelet',
    usages: ['digital signature', 'client auth'],
    why: 'subject common name does not begin with system:node:',
  },
  {
    what: 'serving',
    of: { O: ['system:nodes'], CN: 'system:node:x' },
    signer: 'kubernetes.io/kubelet-serving',
    usages: ['digital signature', 'server auth'],
    why: 'DNS or IP subjectAltName is required',
  },
]
for (const { what, of, why, ...more } of WRONG)
  it(`an approved request fails: ${why}`, async () => {
    await ask(await makeRequest(of), { name: `wrong-${what}`, ...more })
    await decide(`wrong-${what}`, 'Approved')
    assert.deepEqual(await failure(`wrong-${what}`), {
      reason: 'SignerValidationFailure',
      message: why,
      certificate: undefined,
    })
  })

it('a node renews its own certificate without anybody, and another user may not have it', async () => {
  const asked = await makeRequest({ O: ['system:nodes'], CN: 'system:node:n1' })
  const signer = 'kubernetes.io/kube-apiserver-client-kubelet'
  const usages = ['digital signature', 'client auth'] as const
  const nodeClient = (name: string) =>
    running.api?.clientFor({ name: `system:node:${name}`, groups: ['system:nodes', 'system:authenticated'] }, 'test')
  const [node, other] = [nodeClient('n1'), nodeClient('n2')]
  const bob = running.api?.clientFor({ name: 'bob', groups: ['system:authenticated'] }, 'test')
  await admin(clusterRoleBindings).create({
    metadata: { name: 'renew' },
    roleRef: {
      apiGroup: 'rbac.authorization.k8s.io',
      kind: 'ClusterRole',
      name: 'system:certificates.k8s.io:certificatesigningrequests:selfnodeclient',
    },
    subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'Group', name: 'system:nodes' }],
  })
  assert.ok(node && other && bob)
  await admin(clusterRoleBindings).create({
    metadata: { name: 'ask' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'system:node-bootstrapper' },
    subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'bob' }],
  })
  await assert.rejects(ask(asked, { name: 'other', signer, usages, by: other }), { message: /system:node:n2/ })
  // What RBAC says of bob is known a moment after it is written.
  for (let known = false; !known; await setImmediate()) {
    known = await ask(asked, { name: 'stranger', signer, usages, by: bob }).then(
      () => true,
      (error: unknown) => {
        if (!hasReason(error, 'Forbidden')) throw error
        return false
      },
    )
  }
  await ask(asked, { name: 'own', signer, usages, by: node })
  const certificate = await issued('own')
  const [condition] = (await admin(certificateSigningRequests).get('own')).status?.conditions ?? []
  assert.equal(condition?.reason, 'AutoApproved')
  assert.equal(condition?.message, 'Auto approving self kubelet client certificate after SubjectAccessReview.')
  assert.equal((await whoami(certificate, asked.key)).status?.userInfo?.username, 'system:node:n1')
  assert.equal((await admin(certificateSigningRequests).get('stranger')).status?.conditions, undefined)
})

it('malformed requests are refused when they are made', async () => {
  const pem = Buffer.from('-----BEGIN CERTIFICATE REQUEST-----\nMAoCAQAwBQ==\n-----END CERTIFICATE REQUEST-----\n')
  for (const request of ['', 'AAAA', pem.toString('base64')]) {
    await assert.rejects(ask({ request, key: '' }, { name: 'malformed' }), { message: /spec\.request: Invalid value/ })
  }
  await assert.rejects(ask(await makeRequest({ O: ['system:masters'], CN: 'root' }), { name: 'masters' }), {
    message: /use of kubernetes.io\/kube-apiserver-client signer with system:masters group is not allowed/,
  })
})

it('a request whose signature is of another key is never signed', async () => {
  const [one, other] = [await makeRequest({ CN: 'one' }), await makeRequest({ CN: 'two' })]
  const der = (request: string) =>
    Buffer.from(
      Buffer.from(request, 'base64')
        .toString()
        .replace(/-----[^-]+-----|\s/g, ''),
      'base64',
    )
  const forged = Buffer.concat([der(one.request).subarray(0, -70), der(other.request).subarray(-70)])
  const authority = certificateAuthority(systemRandom, await makeAuthority(env, 'CN=ca'))
  const terms = { notBefore: 0, notAfter: 1000, usages: ['client auth'] }
  await assert.rejects(authority.sign(forged, terms), /unable to verify certificate request signature|asn|ASN/i)
  assert.match(await authority.sign(der(one.request), terms), /^-----BEGIN CERTIFICATE-----/)
})

it('a node agent asks for what it serves with, waits for approval, and asks again before the end', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'skiff-serving-'))
  const node = running.api?.clientFor(
    { name: 'system:node:n3', groups: ['system:nodes', 'system:authenticated'] },
    'test',
  )
  assert.ok(node)
  const place = { folder, nodeName: 'n3', addresses: ['192.0.2.3'] }
  /** Runs the agent's part until a certificate is given that is not `known`; what the administrator decides is told. */
  const obtain = async (laterMs: number, known: string | undefined): Promise<string> => {
    const end = new AbortController()
    const clock = { ...systemClock, now: () => systemClock.now() + laterMs }
    const options = { ...place, client: node, env: { ...env, clock }, signal: end.signal }
    const ended = keepServingRequested(options)
    for (let approved = ''; ; await setImmediate()) {
      const pair = requestedServing(options)
      if (pair && pair.cert !== known) {
        end.abort(new Error('obtained'))
        await ended
        return pair.cert
      }
      const { items } = await admin(certificateSigningRequests).list({
        fieldSelector: 'spec.signerName=kubernetes.io/kubelet-serving',
      })
      const waiting = items.find(({ spec, status }) => spec.username === 'system:node:n3' && !status?.conditions)
      const name = waiting?.metadata.name ?? ''
      if (name && name !== approved) await decide((approved = name), 'Approved')
    }
  }
  const first = await obtain(0, undefined)
  const certificate = new X509Certificate(first)
  assert.equal(certificate.subject, 'O=system:nodes\nCN=system:node:n3')
  assert.ok(certificate.checkIP('192.0.2.3') && certificate.checkHost('n3'))
  assert.deepEqual(certificate.keyUsage, ['1.3.6.1.5.5.7.3.1'])
  const second = await obtain(330 * 86_400_000, first)
  assert.notEqual(new X509Certificate(second).serialNumber, certificate.serialNumber)
  rmSync(folder, { recursive: true })
})

it('a node apart gets a new client certificate before its own ends, shows it, and finds it again', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'skiff-rotation-'))
  const { listener, ca = '', caKey = '' } = running
  const first = await makeCertificate(env, { cert: ca, key: caKey }, { name: 'O=system:nodes, CN=system:node:n5' })
  const kubeconfig = join(folder, 'kubeconfig')
  writeFileSync(
    kubeconfig,
    renderKubeconfig('n5', {
      server: `https://127.0.0.1:${listener?.port}`,
      caCertificate: ca,
      clientCertificate: first.cert,
      clientKey: first.key,
    }),
  )
  const who = async (api: RemoteApi): Promise<string> => {
    const { body } = await api.transportFor({ name: '', groups: [] }).request({
      method: 'POST',
      path: '/apis/authentication.k8s.io/v1/selfsubjectreviews',
      headers: { 'content-type': 'application/json' },
      body: {},
    })
    return JSON.stringify(body)
  }
  const rotating = async (laterMs: number, obtained: (api: RemoteApi) => boolean): Promise<string> => {
    const clock = { ...systemClock, now: () => systemClock.now() + laterMs }
    const api = remoteApi(kubeconfig, env)
    const end = new AbortController()
    const node = api.clientFor({ name: '', groups: [] }, 'kubelet')
    assert.match(await who(api), /system:node:n5/)
    const place = { folder, nodeName: 'n5', api, client: node }
    const ended = keepClientRequested({ ...place, env: { ...env, clock }, signal: end.signal })
    while (!obtained(api)) {
      const { items } = await admin(certificateSigningRequests).list({
        fieldSelector: 'spec.signerName=kubernetes.io/kube-apiserver-client-kubelet',
      })
      const waiting = items.find(({ spec, status }) => spec.username === 'system:node:n5' && !status?.conditions)
      const name = waiting?.metadata.name
      if (name) await decide(name, 'Approved').catch(() => undefined)
      await setImmediate()
    }
    assert.match(await who(api), /system:node:n5/)
    end.abort(new Error('obtained'))
    await ended
    api.close()
    return api.clientCertificate()?.cert ?? ''
  }
  const second = await rotating(340 * 86_400_000, (api) => api.clientCertificate()?.cert !== first.cert)
  const certificate = new X509Certificate(second)
  assert.equal(certificate.subject, 'O=system:nodes\nCN=system:node:n5')
  assert.deepEqual(certificate.keyUsage, ['1.3.6.1.5.5.7.3.2'])
  const third = await rotating(0, (api) => api.clientCertificate()?.cert !== first.cert)
  assert.equal(third, second)
  rmSync(folder, { recursive: true })
})

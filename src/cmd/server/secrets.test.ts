import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { request } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { logBackend } from '../../apiserver/audit/backends/log.ts'
import { webhookBackend } from '../../apiserver/audit/backends/webhook.ts'
import { unionOf } from '../../apiserver/audit/backends/sink.ts'
import { networkConnector } from '../../apiserver/http/kubelet-connector.ts'
import { type HttpsListener, serveHttps } from '../../apiserver/http/serve.ts'
import { testCertificate } from '../../apiserver/http/test-certificate.ts'
import { networkWebhooks } from '../../apiserver/http/webhook-caller.ts'
import { ApiFlagValues } from '../../cli/api-flags/values.ts'
import { systemClock } from '../../lib/clock.ts'
import { lineLogger } from '../../lib/host/line-logger.ts'
import type { Logger } from '../../lib/log.ts'
import { seededRandom } from '../../lib/random.ts'
import { MemoryStore } from '../../store/memory/store.ts'
import type { Store } from '../../store/store.ts'
import { auditConfig } from './api-config/audit.ts'
import { authenticationConfig } from './api-config/authentication.ts'
import { encryptionConfig } from './api-config/encryption.ts'
import { startGuardedApi, type GuardedApi } from './guarded-api.ts'
import { remoteService } from './remote-service.ts'

/** Stands in every place where a secret can stand; nobody may read it in what the server writes. */
const CANARY = 'c4narySh0uldNotSing'
const FORMS = [CANARY, btoa(CANARY), btoa(CANARY).replace(/=+$/, ''), Buffer.from(CANARY).toString('hex')]

const written: string[] = []
const folder = mkdtempSync(join(tmpdir(), 'skiff-secrets-'))
/** Tokens that the server made; the part that is secret. */
const made: string[] = []
let api: GuardedApi
let listener: HttpsListener

/** At the highest verbosity, as text and as JSON. */
function bothLoggers(): Logger {
  const options = { clock: systemClock, level: 'debug', verbosity: { level: 10 } } as const
  const write = (line: string): void => void written.push(line)
  const loggers = (['text', 'json'] as const).map((format) => lineLogger({ ...options, format, write }))
  const both = (all: readonly Logger[]): Logger => ({
    debug: (...entry) => all.forEach((one) => one.debug(...entry)),
    info: (...entry) => all.forEach((one) => one.info(...entry)),
    warn: (...entry) => all.forEach((one) => one.warn(...entry)),
    error: (...entry) => all.forEach((one) => one.error(...entry)),
    with: (fields) => both(all.map((one) => one.with(fields))),
  })
  return both(loggers)
}

/** A store that fails for what is named so. */
function failing(store: MemoryStore): Store {
  const write = store.write.bind(store)
  store.write = (one: Parameters<Store['write']>[0]) => {
    if (one.key.includes('unwritable')) return Promise.reject(new Error('the disk is full'))
    return write(one)
  }
  return store
}

function file(name: string, text: string): string {
  const path = join(folder, name)
  writeFileSync(path, text)
  return path
}

const KUBECONFIG = `apiVersion: v1
kind: Config
clusters: [{name: c, cluster: {server: "https://127.0.0.1:1"}}]
users: [{name: u, user: {token: ${CANARY}}}]
contexts: [{name: x, context: {cluster: c, user: u}}]
current-context: x
`

before(async () => {
  const env = { clock: systemClock, random: seededRandom(1), log: bothLoggers() }
  api = await startGuardedApi({
    store: failing(new MemoryStore({ clock: systemClock })),
    env,
    rootCa: testCertificate.cert,
    serviceCidr: '10.96.0.0/16',
    clusterDomain: 'cluster.local',
    bootstrapTokens: true,
    staticTokens: new Map([['admintoken', { name: 'admin', groups: ['system:masters'] }]]),
    connector: networkConnector({}),
    callWebhook: networkWebhooks(),
    verbosity: { level: 10 },
    audit: {
      // Upstream's advice: bodies of everything but of what is secret.
      policy: { rules: [{ level: 'Metadata' }] },
      backend: (lost) => {
        const log = {
          write: (line: Uint8Array) => void written.push(new TextDecoder().decode(line)),
          close: async () => {},
        }
        const service = remoteService(file('audit.kubeconfig', KUBECONFIG), 1000, systemClock)
        const webhook = webhookBackend(service, 0, env, lost)
        // Nobody waits for it: it is there to fail.
        const unheard = {
          ...webhook,
          process: (events: Parameters<typeof webhook.process>[0]) => (void webhook.process(events), true),
        }
        return unionOf([logBackend(log, 'json', lost), logBackend(log, 'legacy', lost), unheard])
      },
    },
  })
  await api.bootstrap()
  listener = await serveHttps(api.server, { port: 0, host: '127.0.0.1', tls: testCertificate })
})

after(async () => {
  await listener.close()
  await api.stop()
  rmSync(folder, { recursive: true })
})

interface Sent {
  readonly token?: string
  readonly headers?: Record<string, string>
  readonly body?: unknown
}

function send(method: string, path: string, { token = 'admintoken', headers = {}, body }: Sent = {}): Promise<unknown> {
  const text = typeof body === 'string' ? body : body === undefined ? '' : JSON.stringify(body)
  return new Promise((resolve, reject) => {
    const outgoing = request({
      port: listener.port,
      host: '127.0.0.1',
      method,
      path,
      rejectUnauthorized: false,
      agent: false,
      headers: {
        authorization: `Bearer ${token}`,
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(text),
        ...headers,
      },
    })
    outgoing.on('response', (response) => {
      let answer = ''
      response.setEncoding('utf8').on('data', (chunk: string) => (answer += chunk))
      response.on('end', () => resolve(answer.startsWith('{') ? JSON.parse(answer) : answer))
    })
    outgoing.on('upgrade', (_response, socket) => (socket.destroy(), resolve('')))
    outgoing.on('error', reject)
    outgoing.end(text)
  })
}

/** What the server wrote from then on holds none of these. */
function sings(from: number, ...secrets: readonly string[]): void {
  const all = written.slice(from).join('')
  for (const secret of secrets) {
    const at = all.indexOf(secret)
    assert.equal(at < 0 ? undefined : all.slice(Math.max(0, at - 200), at + 60), undefined)
  }
}

const SECRETS = '/api/v1/namespaces/default/secrets'
const secret = (name: string): object => ({
  metadata: { name },
  data: { key: btoa(CANARY) },
  stringData: { more: CANARY },
})
const PATCHES = ['json-patch+json', 'merge-patch+json', 'strategic-merge-patch+json', 'apply-patch+yaml']

const PLACES: Readonly<Record<string, () => Promise<unknown>>> = {
  'data of a secret': () => send('POST', SECRETS, { body: secret('one') }),
  'data of a secret that is read, listed and replaced': async () => {
    await send('GET', `${SECRETS}/one`)
    await send('GET', SECRETS)
    await send('PUT', `${SECRETS}/one`, { body: secret('one') })
  },
  'data of a secret that cannot be stored': () => send('POST', SECRETS, { body: secret('unwritable') }),
  'data of a secret that is refused': () => send('POST', SECRETS, { body: secret('Not_A_Name') }),
  'a body that is no JSON': () => send('POST', SECRETS, { body: `{"data": {"key": "${CANARY}` }),
  'a body of another shape': () => send('POST', SECRETS, { body: { metadata: { name: 'x' }, data: CANARY } }),
  'a field that nobody knows': () =>
    send('POST', `${SECRETS}?fieldValidation=Strict`, { body: { metadata: { name: 'x' }, unknown: CANARY } }),
  patches: async () => {
    for (const type of PATCHES) {
      const headers = { 'content-type': `application/${type}` }
      await send('PATCH', `${SECRETS}/one?fieldManager=m`, { headers, body: { data: { key: btoa(CANARY) } } })
      await send('PATCH', `${SECRETS}/one?fieldManager=m`, { headers, body: `[${CANARY}` })
    }
  },
  'a bearer token that nobody has': () => send('GET', '/api/v1/nodes', { token: CANARY }),
  'a bearer token like those of service accounts': () =>
    send('GET', '/api/v1/nodes', {
      token: `${btoa('{"alg":"RS256"}')}.${btoa(`{"iss":"${CANARY}"}`)}.${btoa(CANARY)}`,
    }),
  'a password': () => send('GET', '/api/v1/nodes', { headers: { authorization: `Basic ${btoa(`admin:${CANARY}`)}` } }),
  'a header of no kind': () => send('GET', '/api/v1/nodes', { headers: { authorization: CANARY } }),
  'a token in a WebSocket protocol': () =>
    send('GET', '/api/v1/namespaces/default/pods/p/exec?command=ls', {
      headers: {
        authorization: '',
        connection: 'Upgrade',
        upgrade: 'websocket',
        'sec-websocket-version': '13',
        'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
        'sec-websocket-protocol': `base64url.bearer.authorization.k8s.io.${btoa(CANARY).replace(/=+$/, '')}, v5.channel.k8s.io`,
      },
    }),
  'a bootstrap token': async () => {
    const stringData = {
      'token-id': 'abcdef',
      'token-secret': CANARY.toLowerCase().slice(0, 16),
      'usage-bootstrap-authentication': 'true',
    }
    const body = { metadata: { name: 'bootstrap-token-abcdef' }, type: 'bootstrap.kubernetes.io/token', stringData }
    await send('POST', '/api/v1/namespaces/kube-system/secrets', { body })
    await send('GET', '/api/v1/nodes', { token: `abcdef.${stringData['token-secret']}` })
    await send('GET', '/api/v1/nodes', { token: `abcdef.${CANARY.slice(0, 16).toLowerCase()}x` })
    made.push(stringData['token-secret'])
  },
  'a TokenReview': () =>
    send('POST', '/apis/authentication.k8s.io/v1/tokenreviews', { body: { spec: { token: CANARY } } }),
  'a TokenRequest': async () => {
    await send('POST', '/api/v1/namespaces/default/serviceaccounts', { body: { metadata: { name: 'robot' } } })
    const path = '/api/v1/namespaces/default/serviceaccounts/robot/token'
    const { status } = (await send('POST', path, { body: {} })) as { status: { token: string } }
    await send('GET', '/api/v1/nodes', { token: status.token })
    await send('POST', '/apis/authentication.k8s.io/v1/tokenreviews', { body: { spec: { token: status.token } } })
    made.push(...status.token.split('.').slice(1))
  },
  'a token review under another name': () =>
    send('GET', '/api/v1/nodes', {
      headers: { 'impersonate-user': 'x', 'impersonate-extra-secret': CANARY },
      token: 'bad',
    }),
  'a proxied request to what is not there': async () => {
    const headers = { cookie: `session=${CANARY}`, 'x-api-key': CANARY }
    await send('POST', '/api/v1/namespaces/default/services/none/proxy/', { headers, body: CANARY })
    await send('POST', '/api/v1/nodes/127.0.0.1:1/proxy/', { headers, body: CANARY })
  },
  'an aggregated server that is not there': async () => {
    const spec = {
      group: 'far.example',
      version: 'v1',
      groupPriorityMinimum: 1,
      versionPriority: 1,
      insecureSkipTLSVerify: true,
      service: { name: 'far', namespace: 'default' },
    }
    await send('POST', '/apis/apiregistration.k8s.io/v1/apiservices', {
      body: { metadata: { name: 'v1.far.example' }, spec },
    })
    await send('POST', '/apis/far.example/v1/things', { body: { secret: CANARY }, headers: { cookie: CANARY } })
  },
  'admission webhooks that are not there': async () => {
    const webhook = (failurePolicy: string, name: string): object => ({
      name: `${name}.example.com`,
      clientConfig: { url: 'https://127.0.0.1:1/' },
      rules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['*'], resources: ['secrets'] }],
      sideEffects: 'None',
      admissionReviewVersions: ['v1'],
      failurePolicy,
      timeoutSeconds: 1,
    })
    const path = '/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations'
    const webhooks = [webhook('Ignore', 'open'), webhook('Fail', 'closed')]
    await send('POST', path, { body: { metadata: { name: 'dead' }, webhooks } })
    await send('POST', SECRETS, { body: secret('hooked') })
    await send('DELETE', `${path}/dead`)
  },
}

for (const [place, put] of Object.entries(PLACES))
  test(`no log at any verbosity, and no audit of metadata, has ${place}`, async () => {
    const before = written.length
    await put()
    assert.ok(written.length > before, 'nothing was written at all')
    sings(before, ...FORMS, ...made)
  })

test('nor has anything that was written until the end', () => sings(0, ...FORMS, ...made))

const FILES: Readonly<Record<string, (flags: ApiFlagValues) => unknown>> = {
  'encryption-provider-config': encryptionConfig,
  'token-auth-file': authenticationConfig,
  'audit-policy-file': auditConfig,
}
const TEXTS = [
  `apiVersion: apiserver.config.k8s.io/v1\nkind: EncryptionConfiguration\nresources:\n- resources: [secrets]\n  providers:\n  - aescbc: {keys: [{name: k, secret: ${CANARY}}]}\n`,
  `apiVersion: apiserver.config.k8s.io/v1\nkind: EncryptionConfiguration\nresources:\n- resources: [secrets]\n  providers:\n  - secretbox: {keys: [{name: k, secret: "${btoa(CANARY)}"}]}\n`,
  `${CANARY},"`,
  `${CANARY},user\n`,
  `{"secret": "${CANARY}`,
]

for (const [name, read] of Object.entries(FILES))
  test(`what is said of a bad file of --${name} has none of its secrets`, () => {
    for (const [index, text] of TEXTS.entries()) {
      const path = file(`${name}-${index}`, text)
      let said = ''
      try {
        read(new ApiFlagValues({ [name]: [path] }))
      } catch (error) {
        said = String(error)
      }
      for (const form of FORMS) assert.ok(!said.includes(form), said)
    }
  })

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, request as httpsRequest, type Server } from 'node:https'
import type { IncomingMessage, RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { exportJWK, generateKeyPair, type JWK } from 'jose'
import Provider from 'oidc-provider'
import { testCertificate } from '../../src/apiserver/http/test-certificate.ts'
import { SecureServer } from '../security/server.ts'

const AUDIENCE = 'urn:kubernetes'
const CLIENT = { client_id: 'robot', client_secret: 'robots-have-secrets' }
const SELF = '/apis/authentication.k8s.io/v1/selfsubjectreviews'

describe('an issuer of tokens that is not ours: oidc-provider', () => {
  const folder = mkdtempSync(join(tmpdir(), 'skiff-oidc-'))
  const config = join(folder, 'authentication.yaml')
  let issuer: Issuer
  let server: SecureServer
  before(async () => {
    issuer = await Issuer.start()
    writeFileSync(config, configurationOf(issuer.url))
    server = await SecureServer.start({ 'authentication-config': [config] })
  })
  after(async () => {
    await server[Symbol.asyncDispose]()
    await issuer.stop()
    rmSync(folder, { recursive: true })
  })

  /** What the server makes of a token; undefined for 401. */
  const whoIs = async (token: string): Promise<UserInfo | undefined> => {
    const body = { kind: 'SelfSubjectReview', apiVersion: 'authentication.k8s.io/v1' }
    const { status, text } = await server.send(SELF, { method: 'POST', body, token })
    if (status === 401) return undefined
    assert.equal(status, 201, text)
    return (JSON.parse(text) as { status: { userInfo: UserInfo } }).status.userInfo
  }

  /** The issuer is found in its own time. */
  const known = async (token: string): Promise<UserInfo> => {
    for (;;) {
      const user = await whoIs(token)
      if (user) return user
    }
  }

  it('knows the holder of its token as the mapped user', async () => {
    const user = await known(await issuer.token())
    assert.equal(user.username, 'oidc:robot')
    assert.deepEqual(user.groups, ['oidc:crew', 'oidc:deck', 'system:authenticated'])
    assert.equal(user.uid, 'robot')
    assert.deepEqual(user.extra?.['example.org/ship'], ['skiff'])
    assert.match(user.extra?.['authentication.kubernetes.io/credential-id']?.[0] ?? '', /^JTI=/)
  })

  it('lets the user do what a group of its may, and nothing more', async () => {
    const token = await issuer.token()
    await known(token)
    assert.match(
      await server.refused(403, '/api/v1/namespaces', { token }),
      /^namespaces is forbidden: User "oidc:robot" cannot list resource "namespaces"/,
    )
    await server.create('/apis/rbac.authorization.k8s.io/v1/clusterrolebindings', {
      metadata: { name: 'crew' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' },
      subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'Group', name: 'oidc:crew' }],
    })
    while ((await server.send('/api/v1/namespaces/default/pods', { token })).status !== 200);
    await server.expect(403, '/api/v1/namespaces/default/secrets', { token })
  })

  it('refuses tokens for others, tokens that were changed, and those that a rule forbids', async () => {
    const token = await issuer.token()
    await known(token)
    assert.equal(await whoIs(await issuer.token('urn:other')), undefined)
    const [header, payload = '', signature] = token.split('.')
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as object
    const changed = Buffer.from(JSON.stringify({ ...claims, sub: 'admin' })).toString('base64url')
    assert.equal(await whoIs(`${header}.${changed}.${signature}`), undefined)
    issuer.claims = { ship: 'galley' }
    assert.equal(await whoIs(await issuer.token()), undefined)
    issuer.claims = {}
    assert.ok(await whoIs(await issuer.token()))
  })

  it('follows the issuer to new keys', async () => {
    await known(await issuer.token())
    await issuer.rotate()
    assert.equal((await known(await issuer.token())).username, 'oidc:robot')
  })

  it('counts what it did', async () => {
    const { text } = await server.expect(200, '/metrics', { as: 'admin' })
    assert.match(text, /apiserver_authentication_jwt_authenticator_latency_seconds_count\{.*result="success"\} \d/)
    assert.match(text, /apiserver_authentication_jwt_authenticator_latency_seconds_count\{.*result="failure"\} \d/)
    assert.match(text, /apiserver_authentication_config_controller_last_config_info\{.*\} 1/)
    assert.match(text, /authentication_token_cache_request_total\{status="miss"\} \d/)
    assert.match(text, /authentication_attempts\{result="success"\} \d/)
  })

  it('reads the configuration anew when it changes, and keeps the old one when it is not good', async () => {
    const name = async (): Promise<string | undefined> => (await whoIs(await issuer.token()))?.username
    writeFileSync(config, 'jwt: [')
    const failed = /automatic_reloads_total\{.*status="failure"\} [1-9]/
    while (!failed.test((await server.expect(200, '/metrics', { as: 'admin' })).text));
    assert.equal(await name(), 'oidc:robot')
    writeFileSync(config, configurationOf(issuer.url).replaceAll('oidc:', 'again:'))
    while ((await name()) !== 'again:robot');
    writeFileSync(config, 'apiVersion: apiserver.config.k8s.io/v1\nkind: AuthenticationConfiguration\njwt: []\n')
    while ((await name()) !== undefined);
  })
})

interface UserInfo {
  readonly username: string
  readonly uid?: string
  readonly groups: readonly string[]
  readonly extra?: Readonly<Record<string, readonly string[]>>
}

function configurationOf(url: string): string {
  const authenticator = {
    issuer: { url, audiences: [AUDIENCE], certificateAuthority: testCertificate.cert },
    claimMappings: {
      username: { expression: "'oidc:' + claims.sub" },
      groups: { claim: 'groups', prefix: 'oidc:' },
      uid: { claim: 'client_id' },
      extra: [{ key: 'example.org/ship', valueExpression: "claims.?ship.orValue('')" }],
    },
    claimValidationRules: [{ expression: "claims.ship != 'galley'", message: 'nobody rows here' }],
    userValidationRules: [{ expression: "!user.username.startsWith('system:')", message: 'reserved' }],
  }
  const head = { apiVersion: 'apiserver.config.k8s.io/v1', kind: 'AuthenticationConfiguration' }
  return JSON.stringify({ ...head, jwt: [authenticator] })
}

/** The package as a server of its own, which signs access tokens of its one client. */
class Issuer {
  readonly url: string
  claims: Readonly<Record<string, unknown>> = {}
  readonly #server: Server
  #answer: RequestListener = () => undefined

  private constructor(server: Server) {
    this.#server = server
    this.url = `https://localhost:${(server.address() as AddressInfo).port}`
    server.on('request', (request, response) => this.#answer(request, response))
  }

  static async start(): Promise<Issuer> {
    const server = createServer(testCertificate).listen(0, 'localhost')
    await once(server, 'listening')
    const issuer = new Issuer(server)
    await issuer.rotate()
    return issuer
  }

  /** From now on another key signs, and is the only one that is published. */
  async rotate(): Promise<void> {
    const { privateKey } = await generateKeyPair('RS256', { extractable: true })
    this.#answer = new Provider(
      this.url,
      this.#configuration({ ...(await exportJWK(privateKey)), use: 'sig' }),
    ).callback()
  }

  #configuration(key: JWK): Readonly<Record<string, unknown>> {
    const server = (audience: string): object => ({ audience, scope: 'api', accessTokenFormat: 'jwt' })
    return {
      jwks: { keys: [key] },
      clients: [{ ...CLIENT, grant_types: ['client_credentials'], response_types: [], redirect_uris: [] }],
      extraTokenClaims: () => ({ ship: 'skiff', groups: ['crew', 'deck'], ...this.claims }),
      features: {
        devInteractions: { enabled: false },
        clientCredentials: { enabled: true },
        resourceIndicators: {
          enabled: true,
          getResourceServerInfo: (_context: unknown, resource: string) => server(resource),
        },
      },
    }
  }

  async token(resource = AUDIENCE): Promise<string> {
    const body = new URLSearchParams({ grant_type: 'client_credentials', scope: 'api', resource }).toString()
    const secret = Buffer.from(`${CLIENT.client_id}:${CLIENT.client_secret}`).toString('base64')
    const headers = { authorization: `Basic ${secret}`, 'content-type': 'application/x-www-form-urlencoded' }
    const request = httpsRequest(`${this.url}/token`, {
      method: 'POST',
      ca: testCertificate.cert,
      agent: false,
      headers,
    })
    request.end(body)
    const [response] = (await once(request, 'response')) as [IncomingMessage]
    const answer = JSON.parse(Buffer.concat(await response.toArray()).toString()) as { access_token?: string }
    assert.ok(answer.access_token, JSON.stringify(answer))
    return answer.access_token
  }

  async stop(): Promise<void> {
    this.#server.close()
    this.#server.closeAllConnections()
    await once(this.#server, 'close')
  }
}

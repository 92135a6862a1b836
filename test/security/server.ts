import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { request as httpsRequest } from 'node:https'
import type { IncomingHttpHeaders } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect, type ConnectionOptions } from 'node:tls'
import type { GivenApiFlags } from '../../src/cli/api-flags/flag.ts'
import { RawConnection } from '../../src/apiserver/http/test-connection.ts'
import { apiConfig } from '../../src/cmd/server/api-config/config.ts'
import { type RunningApi, servingNames, startApi } from '../../src/cmd/server/api-server.ts'
import { ensureKubeletClient, ensurePki, type Pki } from '../../src/cmd/server/pki.ts'
import type { KubeObject } from '../../src/apimachinery/meta.ts'
import type { ClusterSettings } from '../../src/host/cluster/settings.ts'
import { systemClock } from '../../src/lib/clock.ts'
import type { Env } from '../../src/lib/env.ts'
import { silentLogger } from '../../src/lib/log.ts'
import { systemRandom } from '../../src/lib/random.ts'
import { MemoryStore } from '../../src/store/memory/store.ts'

/** Who has a token of the same name with `-token` behind it. Only the administrator may do anything unless told. */
export const USERS = ['admin', 'alice', 'bob', 'carol', 'dave'] as const
export type User = (typeof USERS)[number]

export interface Sent {
  readonly method?: string
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string | string[]>>
  /** Whose token is shown; the administrator's unless told, nobody's when undefined is said. */
  readonly as?: User | undefined
  /** A token that is shown instead. */
  readonly token?: string
  /** Of another server of the same authority. */
  readonly port?: number
  /** A client certificate. */
  readonly tls?: Pick<ConnectionOptions, 'cert' | 'key' | 'rejectUnauthorized'>
}

export interface Received {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly text: string
}

const SETTINGS: ClusterSettings = {
  name: 'secure',
  apiPort: 0,
  podCidr: '10.244.0.0/16',
  serviceCidr: '10.96.0.0/16',
  clusterDomain: 'cluster.local',
  nodeName: 'node',
  nodes: 1,
  runtime: 'simulated',
}

export const env: Env = { clock: systemClock, random: systemRandom, log: silentLogger }

/** An API server as `skiff server` runs it: its own certificates, HTTPS on loopback, the network behind it. The store alone is in memory. */
export class SecureServer implements AsyncDisposable {
  readonly api: RunningApi
  readonly pki: Pki
  readonly folder: string

  private constructor(api: RunningApi, pki: Pki, folder: string) {
    this.api = api
    this.pki = pki
    this.folder = folder
  }

  /** With kube-apiserver's flags. */
  static async start(flags: GivenApiFlags = {}): Promise<SecureServer> {
    const folder = mkdtempSync(join(tmpdir(), 'skiff-security-'))
    try {
      return await SecureServer.#startIn(folder, flags)
    } catch (error) {
      // Flags that the server does not start with are tested, too.
      rmSync(folder, { recursive: true })
      throw error
    }
  }

  static async #startIn(folder: string, flags: GivenApiFlags): Promise<SecureServer> {
    const users = USERS.map((user, i) => `${user}-token,${user},${i}${user === 'admin' ? ',system:masters' : ''}`)
    const tokens = join(folder, 'tokens.csv')
    writeFileSync(tokens, `${users.join('\n')}\n`, { mode: 0o600 })
    const place = { folder: join(folder, 'pki'), env }
    const pki = await ensurePki({ ...place, servingNames: servingNames(SETTINGS, '127.0.0.1') })
    const api = await startApi({
      settings: SETTINGS,
      env,
      store: new MemoryStore({ clock: systemClock }),
      nodeIP: '192.0.2.1',
      bindAddress: '127.0.0.1',
      pki,
      kubeletTls: await ensureKubeletClient(place),
      config: apiConfig({ 'token-auth-file': [tokens], ...flags }),
    })
    return new SecureServer(api, pki, folder)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.api.listener.close()
    rmSync(this.folder, { recursive: true })
  }

  get #tls(): ConnectionOptions {
    return { host: '127.0.0.1', port: this.api.listener.port, ca: this.pki.ca.cert }
  }

  /** Sends one request over a connection of its own. */
  send(path: string, sent: Sent = {}): Promise<Received> {
    const { method = 'GET', body, headers = {}, tls } = sent
    const bytes = body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body)
    return new Promise((resolve, reject) => {
      const request = httpsRequest({
        ...this.#tls,
        ...(sent.port !== undefined && { port: sent.port }),
        ...tls,
        agent: false,
        method,
        path,
        headers: {
          ...authorization(sent),
          ...(bytes !== undefined && { 'content-type': 'application/json' }),
          ...headers,
        },
      })
      request.on('response', (response) => {
        response.toArray().then(
          (chunks) =>
            resolve({
              status: response.statusCode ?? 0,
              headers: response.headers,
              text: Buffer.concat(chunks).toString(),
            }),
          reject,
        )
      })
      request.on('upgrade', (response, socket) => {
        socket.destroy()
        resolve({ status: 101, headers: response.headers, text: '' })
      })
      request.on('error', reject)
      request.end(bytes)
    })
  }

  /** Sends, and demands a status code. */
  async expect(status: number, path: string, sent: Sent = {}): Promise<Received> {
    const received = await this.send(path, sent)
    assert.equal(received.status, status, `${sent.method ?? 'GET'} ${path}: ${received.text}`)
    return received
  }

  async create<T = KubeObject>(path: string, body: unknown, as: User = 'admin'): Promise<T> {
    return JSON.parse((await this.expect(201, path, { method: 'POST', body, as })).text) as T
  }

  async get<T = KubeObject>(path: string, as: User = 'admin'): Promise<T> {
    return JSON.parse((await this.expect(200, path, { as })).text) as T
  }

  /** What a refusal says. */
  async refused(status: number, path: string, sent: Sent = {}): Promise<string> {
    const { text } = await this.expect(status, path, sent)
    try {
      return (JSON.parse(text) as { message?: string }).message ?? text
    } catch {
      return text
    }
  }

  /** Writes a status. */
  async status(path: string, object: KubeObject, status: object): Promise<void> {
    await this.expect(200, `${path}/status`, { method: 'PUT', body: { ...object, status } })
  }

  /** Gives a user rights in the whole cluster. */
  async allow(user: string, rules: readonly object[]): Promise<void> {
    const root = '/apis/rbac.authorization.k8s.io/v1'
    const { metadata } = await this.create(`${root}/clusterroles`, { metadata: { generateName: `${user}-` }, rules })
    await this.create(`${root}/clusterrolebindings`, {
      metadata: { name: metadata.name },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: metadata.name },
      subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: user }],
    })
  }

  /** A connection whose bytes are the test's own. */
  async raw(tls: ConnectionOptions = {}): Promise<RawConnection> {
    const socket = connect({ ...this.#tls, servername: 'localhost', ALPNProtocols: ['http/1.1'], ...tls })
    await once(socket, 'secureConnect')
    return new RawConnection(socket)
  }

  /** Why a handshake fails; undefined when it does not. */
  async handshakeError(tls: ConnectionOptions): Promise<string | undefined> {
    const socket = connect({ ...this.#tls, servername: 'localhost', ...tls })
    try {
      await once(socket, 'secureConnect')
      return undefined
    } catch (error) {
      return error instanceof Error && 'code' in error ? String(error.code) : String(error)
    } finally {
      socket.destroy()
    }
  }
}

function authorization(sent: Sent): Record<string, string> {
  if (sent.token !== undefined) return { authorization: `Bearer ${sent.token}` }
  const as = 'as' in sent ? sent.as : sent.tls?.cert === undefined ? 'admin' : undefined
  return as === undefined ? {} : { authorization: `Bearer ${as}-token` }
}

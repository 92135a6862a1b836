import assert from 'node:assert/strict'
import type { Clock } from '../lib/clock.ts'
import { systemClock } from '../lib/clock.ts'
import { silentLogger } from '../lib/log.ts'
import { seededRandom } from '../lib/random.ts'
import { MemoryStore } from '../store/memory/store.ts'
import type { UserInfo } from './authn/types.ts'
import { bootstrap } from './bootstrap/bootstrap.ts'
import { createGuard, type Guard, type GuardOptions } from './guard.ts'
import { handle, type LocalResponse } from './inprocess/handle.ts'
import { type ApiServer, createApiServer } from './server.ts'
import { builtInResources } from '../api/index.ts'

/** Speaks to a server as one user. */
class Speaker {
  readonly server: ApiServer
  readonly user: UserInfo

  constructor(server: ApiServer, user: UserInfo) {
    this.server = server
    this.user = user
  }

  send(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<LocalResponse> {
    return handle(this.server, { method, path, headers, ...(body !== undefined && { body }) }, this.user)
  }

  /** Sends and demands a status code; the answer's body. */
  async expect<T>(status: number, method: string, path: string, body?: unknown): Promise<T> {
    const response = await this.send(method, path, body)
    assert.equal(response.status, status, JSON.stringify(response.body))
    return response.body as T
  }

  /** Demands a refusal; what it says. */
  async refused(status: number, method: string, path: string, body?: unknown): Promise<string> {
    return (await this.expect<{ message: string }>(status, method, path, body)).message
  }

  create<T>(path: string, body: unknown): Promise<T> {
    return this.expect<T>(201, 'POST', path, body)
  }

  get<T>(path: string): Promise<T> {
    return this.expect<T>(200, 'GET', path)
  }
}

const ADMIN: UserInfo = { name: 'admin', groups: ['system:masters', 'system:authenticated'] }

/** A bootstrapped server in memory with its whole guard, spoken to as an administrator unless told. For tests. */
export class GuardedServer extends Speaker {
  readonly guard: Guard

  private constructor(server: ApiServer, guard: Guard) {
    super(server, ADMIN)
    this.guard = guard
  }

  static async start({
    clock = systemClock,
    ...options
  }: Partial<GuardOptions> & { clock?: Clock } = {}): Promise<GuardedServer> {
    const env = { clock, random: seededRandom(1), log: silentLogger }
    const store = options.store ?? new MemoryStore({ clock })
    const guard = createGuard({ env, ...options, store })
    const server = createApiServer({ store, env, resources: builtInResources, freeze: true, ...guard })
    await guard.start()
    await bootstrap(server, { serviceCidrs: ['10.96.0.0/16'], advertise: { address: '192.0.2.1', port: 6443 } })
    return new GuardedServer(server, guard)
  }

  /** The same server, as someone else; authenticated unless groups are told. */
  as(name: string, ...groups: string[]): Speaker {
    return new Speaker(this.server, { name, groups: groups.length > 0 ? groups : ['system:authenticated'] })
  }

  /** Whose a bearer token is. Rejects for a bad one. */
  async userOf(token: string): Promise<UserInfo> {
    const found = await this.guard.authenticator.authenticate({
      path: '/',
      headers: { authorization: `Bearer ${token}` },
    })
    assert.ok(found)
    return found.user
  }

  /** Gives a user a ClusterRole. */
  async bind(role: string, user: string): Promise<void> {
    await this.create('/apis/rbac.authorization.k8s.io/v1/clusterrolebindings', {
      metadata: { name: `${role}-${user}` },
      roleRef: { kind: 'ClusterRole', name: role },
      subjects: [{ kind: 'User', name: user }],
    })
  }
}

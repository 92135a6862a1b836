import assert from 'node:assert/strict'
import { schemaFor } from '../../src/api/schema-for.ts'
import { decodeProtobuf, isProtobuf } from '../../src/apimachinery/codec/protobuf/envelope.ts'
import { decodeAnyYaml } from '../../src/apimachinery/codec/yaml/yaml.ts'
import { startGuardedApi, type GuardedApi } from '../../src/cmd/server/guarded-api.ts'
import { VirtualClock } from '../../src/lib/clock.ts'
import { silentLogger, type Logger } from '../../src/lib/log.ts'
import { seededRandom } from '../../src/lib/random.ts'
import { MemoryStore } from '../../src/store/memory/store.ts'
import type { Store } from '../../src/store/store.ts'
import { sendOverWire, type WireRequest, type WireResponse } from './wire.ts'

/** A whole API server in memory, guard and all, that notices what it logs as errors. */
export class Target {
  readonly api: GuardedApi
  readonly store: Store
  readonly #clock: VirtualClock
  readonly #errors: string[]

  private constructor(api: GuardedApi, store: Store, clock: VirtualClock, errors: string[]) {
    this.#clock = clock
    this.api = api
    this.store = store
    this.#errors = errors
  }

  static async start(): Promise<Target> {
    const errors: string[] = []
    const log: Logger = {
      ...silentLogger,
      error: (message, fields) =>
        void errors.push(
          `${message}: ${fields?.['err'] instanceof Error ? fields['err'].stack : String(fields?.['err'])}`,
        ),
      with: () => log,
    }
    const clock = new VirtualClock()
    const store = new MemoryStore({ clock })
    const api = await startGuardedApi({
      store,
      env: { clock, random: seededRandom(1), log },
      rootCa: '',
      serviceCidr: '10.96.0.0/16',
      clusterDomain: 'cluster.local',
      staticTokens: new Map([['admin', { name: 'admin', groups: ['system:masters'] }]]),
    })
    await api.bootstrap({ address: '192.0.2.1', port: 6443 })
    return new Target(api, store, clock, errors)
  }

  send(request: WireRequest): Promise<WireResponse> {
    return sendOverWire(this.api.server, this.#clock, request)
  }

  /** Sends JSON and demands a status code. */
  async expect(status: number, method: string, url: string, body?: unknown): Promise<Record<string, unknown>> {
    const headers = { 'content-type': 'application/json' }
    const response = await this.send({
      method,
      url,
      headers,
      ...(body !== undefined && { body: Buffer.from(JSON.stringify(body)) }),
    })
    assert.equal(response.status, status, response.body.toString())
    return JSON.parse(response.body.toString()) as Record<string, unknown>
  }

  /**
   * Demands of an answer what holds for every answer: it is whole, it is no fault of the server, and a refusal says why in
   * a Status. What upstream answers with a plain 500 has no reason.
   */
  checkSound(request: WireRequest, { status, body, broken }: WireResponse): void {
    const errors = this.#errors.splice(0)
    assert.deepEqual(errors, [], shown(request))
    assert.ok(!broken && status >= 200, `broken off: ${shown(request)}`)
    if (status < 500) return
    const { reason, message } = statusOf(body)
    assert.ok(
      (status === 500 && (reason === undefined || message?.includes('HealthCheck NodePort'))) ||
        reason === 'ServiceUnavailable' ||
        reason === 'Timeout',
      `${status} ${body.toString().slice(0, 500)}: ${shown(request)}`,
    )
  }

  async stop(): Promise<void> {
    await this.api.stop()
    await this.store.close()
  }
}

/** The reason and the message of a refusal, which may be in any format. */
function statusOf(body: Buffer): { reason?: string; message?: string } {
  if (body[0] === 0x7b) return JSON.parse(body.toString()) as { reason?: string }
  if (!isProtobuf(body)) return decodeAnyYaml(body, 'Ignore').value as { reason?: string }
  return decodeProtobuf(schemaFor('io.k8s.apimachinery.pkg.apis.meta.v1.Status'), body)
}

/** A request as a person may repeat it. */
export function shown({ method, url, headers, body }: WireRequest): string {
  const text = body ? Buffer.from(body).toString('latin1') : ''
  return `${method} ${url} ${JSON.stringify(headers ?? {})} ${JSON.stringify(text.slice(0, 1500))}`
}

import assert from 'node:assert/strict'
import { schemaFor } from '../../src/api/schema-for.ts'
import { decodeProtobuf, isProtobuf } from '../../src/apimachinery/codec/protobuf/envelope.ts'
import { decodeAnyYaml } from '../../src/apimachinery/codec/yaml/yaml.ts'
import { logBackend, type LogFile } from '../../src/apiserver/audit/backends/log.ts'
import type { Policy } from '../../src/apiserver/audit/policy.ts'
import { startGuardedApi, type GuardedApi } from '../../src/cmd/server/guarded-api.ts'
import { VirtualClock } from '../../src/lib/clock.ts'
import { silentLogger, type Logger } from '../../src/lib/log.ts'
import { seededRandom } from '../../src/lib/random.ts'
import { MemoryStore } from '../../src/store/memory/store.ts'
import type { Store } from '../../src/store/store.ts'
import { sendOverWire, type WireRequest, type WireResponse } from './wire.ts'

const TELL_ALL: Policy = {
  rules: [
    { level: 'RequestResponse', verbs: ['create', 'get', 'list'], omitManagedFields: true },
    { level: 'RequestResponse' },
  ],
}

/** What the audit tells of requests. */
class AuditLines implements LogFile {
  #written: Uint8Array[] = []

  write(bytes: Uint8Array): void {
    this.#written.push(bytes.slice())
  }

  async close(): Promise<void> {}

  /** Demands that each event is one line of JSON, whatever was sent. What is no HTTP comes to no request. */
  check(request: WireRequest, { body }: WireResponse): void {
    const text = Buffer.concat(this.#written).toString('latin1')
    this.#written = []
    if (text === '' && body.toString() === '400 Bad Request') return
    assert.ok(text.endsWith('\n'), `nothing told of ${shown(request)}`)
    for (const line of text.slice(0, -1).split('\n')) checkLine(Buffer.from(line, 'latin1'), request)
  }
}

function checkLine(line: Uint8Array, request: WireRequest): void {
  try {
    const event = JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(line)) as {
      kind?: unknown
    }
    assert.equal(event.kind, 'Event')
  } catch (error) {
    const told = Buffer.from(line).toString('latin1').slice(0, 2000)
    throw new Error(`not a line of the audit log: ${told}: ${shown(request)}`, { cause: error })
  }
}

/** A whole API server in memory, guard and all, that notices what it logs as errors. */
export class Target {
  readonly api: GuardedApi
  readonly store: Store
  readonly #clock: VirtualClock
  readonly #errors: string[]
  readonly #log: AuditLines

  private constructor(api: GuardedApi, store: Store, clock: VirtualClock, errors: string[], log: AuditLines) {
    this.#clock = clock
    this.api = api
    this.store = store
    this.#errors = errors
    this.#log = log
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
    const lines = new AuditLines()
    const api = await startGuardedApi({
      store,
      env: { clock, random: seededRandom(1), log },
      rootCa: '',
      serviceCidr: '10.96.0.0/16',
      clusterDomain: 'cluster.local',
      staticTokens: new Map([['admin', { name: 'admin', groups: ['system:masters'] }]]),
      audit: { policy: TELL_ALL, backend: (lost) => logBackend(lines, 'json', lost) },
    })
    await api.bootstrap({ address: '192.0.2.1', port: 6443 })
    return new Target(api, store, clock, errors, lines)
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
  checkSound(request: WireRequest, response: WireResponse): void {
    const { status, body, broken } = response
    const errors = this.#errors.splice(0)
    assert.deepEqual(errors, [], shown(request))
    this.#log.check(request, response)
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

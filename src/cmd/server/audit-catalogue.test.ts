import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before, test } from 'node:test'
import { parseTokenFile } from '../../apiserver/authn/static-tokens.ts'
import type { AuditEvent } from '../../apiserver/audit/event.ts'
import { CATALOGUE } from '../../apiserver/audit/testdata/catalogue.ts'
import { normalise, type Normalised } from '../../apiserver/audit/testdata/normalise.ts'
import { auditIdOf, send } from '../../apiserver/audit/testdata/send.ts'
import { serveHttps, type HttpsListener } from '../../apiserver/http/serve.ts'
import { testCertificate } from '../../apiserver/http/test-certificate.ts'
import { systemClock } from '../../lib/clock.ts'
import { silentLogger } from '../../lib/log.ts'
import { seededRandom } from '../../lib/random.ts'
import { MemoryStore } from '../../store/memory/store.ts'
import { startGuardedApi, type GuardedApi } from './guarded-api.ts'

interface Known {
  readonly request: string
  readonly code: number
  readonly events: readonly Normalised[]
}

const file = new URL('../../apiserver/audit/testdata/upstream.jsonl', import.meta.url)
const upstream = readFileSync(file, 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as Known)

const events: AuditEvent[] = []
const codes: number[] = []
let api: GuardedApi
let listener: HttpsListener

before(async () => {
  const env = { clock: systemClock, random: seededRandom(1), log: silentLogger }
  api = await startGuardedApi({
    store: new MemoryStore({ clock: systemClock }),
    env,
    rootCa: testCertificate.cert,
    serviceCidr: '10.96.0.0/16',
    clusterDomain: 'cluster.local',
    staticTokens: parseTokenFile('admintoken,admin,1,system:masters\nalicetoken,alice,2,dev\n'),
    audit: {
      policy: { rules: [{ level: 'RequestResponse' }] },
      backend: () => ({
        process(more) {
          events.push(...more)
          return true
        },
        shutdown: async () => {},
      }),
    },
  })
  await api.bootstrap()
  listener = await serveHttps(api.server, { port: 0, host: '127.0.0.1', tls: testCertificate })
  const base = `https://127.0.0.1:${listener.port}`
  for (const [index, request] of CATALOGUE.entries()) codes.push(await send(base, request, index))
})

after(async () => {
  await listener.close()
  await api.stop()
})

for (const [index, { request, code, events: wanted }] of upstream.entries()) {
  test(`${auditIdOf(index)}: ${request}`, () => {
    assert.equal(codes[index], code)
    const told = events
      .filter((event) => event.request.auditID === auditIdOf(index))
      .map((event) => normalise(JSON.parse(new TextDecoder().decode(event.json())) as Record<string, unknown>))
    assert.deepEqual(told, wanted)
  })
}

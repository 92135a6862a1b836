import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { request } from 'node:https'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { Server, ServerCredentials } from '@grpc/grpc-js'
import { serveHttps } from '../../apiserver/http/serve.ts'
import { testCertificate } from '../../apiserver/http/test-certificate.ts'
import { MemoryStore } from '../../store/memory/store.ts'
import { ApiFlagValues } from '../../cli/api-flags/values.ts'
import { systemClock } from '../../lib/clock.ts'
import { silentLogger } from '../../lib/log.ts'
import { systemRandom } from '../../lib/random.ts'
import { observabilityConfig } from './api-config/observability.ts'
import { EXPORT_PATH, ExportRequest } from './otlp.ts'
import { startGuardedApi } from './guarded-api.ts'
import { startTracing } from './tracing.ts'

test('a create is traced to a collector: the request, its verb, and the write', async (t) => {
  const requests: unknown[] = []
  const collector = new Server()
  collector.addService(
    {
      Export: {
        path: EXPORT_PATH,
        requestStream: false,
        responseStream: false,
        requestSerialize: (bytes: Buffer) => bytes,
        requestDeserialize: (bytes: Buffer) => ExportRequest.toObject(ExportRequest.decode(bytes), { longs: Number }),
        responseSerialize: () => Buffer.alloc(0),
        responseDeserialize: () => undefined,
      },
    },
    {
      Export: (call: { request: unknown }, done: (error: null, value: object) => void) => {
        requests.push(call.request)
        done(null, {})
      },
    },
  )
  const port = await new Promise<number>((resolve, reject) => {
    collector.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    )
  })
  t.after(() => collector.forceShutdown())
  const env = { clock: systemClock, random: systemRandom, log: silentLogger }
  const tracing = await startTracing(
    { endpoint: `127.0.0.1:${port}`, samplingRatePerMillion: 1_000_000 },
    { env, instance: 'one' },
  )
  const api = await startGuardedApi({
    store: new MemoryStore(env),
    env,
    rootCa: '',
    serviceCidr: '10.96.0.0/16',
    clusterDomain: 'cluster.local',
    staticTokens: new Map([['t', { name: 'admin', groups: ['system:masters'] }]]),
    tracer: tracing.tracer,
  })
  await api.bootstrap()
  const listener = await serveHttps(api.server, { port: 0, host: '127.0.0.1', tls: testCertificate })
  const configMap = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' } }
  assert.equal(await post(listener.port, '/api/v1/namespaces/default/configmaps', configMap), 201)
  await Promise.all([listener.close(), api.stop()])
  await tracing.close()
  const text = JSON.stringify(requests)
  for (const name of [
    '"POST /api/v1/namespaces/{:namespace}/configmaps"',
    '"Create"',
    '"Create etcd3"',
    '"service.name"',
  ])
    assert.ok(text.includes(name), `${name} in ${text}`)
})

/** Resolves to the answer's code, once all of it is there. */
async function post(port: number, path: string, body: object): Promise<number> {
  const headers = { authorization: 'Bearer t', 'content-type': 'application/json' }
  const { cert: ca } = testCertificate
  const sent = request({ port, path, method: 'POST', headers, ca, host: '127.0.0.1', agent: false })
  sent.end(JSON.stringify(body))
  const [answer] = (await once(sent, 'response')) as [IncomingMessage]
  await once(answer.resume(), 'close')
  return answer.statusCode ?? 0
}

function configOf(text: string): ReturnType<typeof observabilityConfig> {
  const folder = mkdtempSync(join(tmpdir(), 'skiff-tracing-'))
  try {
    const file = join(folder, 'tracing.yaml')
    writeFileSync(file, text)
    return observabilityConfig(new ApiFlagValues({ 'tracing-config-file': [file] }))
  } finally {
    rmSync(folder, { recursive: true })
  }
}

const HEAD = 'apiVersion: apiserver.config.k8s.io/v1\nkind: TracingConfiguration\n'

test('a configuration says where traces go', () => {
  assert.deepEqual(configOf(HEAD).tracing, { endpoint: 'localhost:4317', samplingRatePerMillion: 0 })
  const { tracing } = configOf(`${HEAD}endpoint: unix:///run/otel.sock\nsamplingRatePerMillion: 10\n`)
  assert.deepEqual(tracing, { endpoint: 'unix:///run/otel.sock', samplingRatePerMillion: 10 })
})

const BAD: readonly (readonly [text: string, message: RegExp])[] = [
  [
    `${HEAD}endpoint: http://x:1\nsamplingRatePerMillion: 2000000\n`,
    /^failed to validate tracing configuration: \[samplingRatePerMillion: Invalid value: 2000000: sampling rate per million must be less than or equal to one million, endpoint: Invalid value: "http:\/\/x:1": unsupported scheme: http\./,
  ],
  [`${HEAD}samplingRatePerMillion: -1\n`, /samplingRatePerMillion: Invalid value: -1: sampling rate must be positive/],
  [
    `${HEAD}endpont: x\n`,
    /^failed to read tracing config: unable to decode tracing configuration data: strict decoding error: unknown field "endpont"$/,
  ],
  [
    'apiVersion: apiserver.k8s.io/v1\nkind: TracingConfiguration\n',
    /no kind "TracingConfiguration" is registered for version "apiserver.k8s.io\/v1"/,
  ],
]

for (const [text, message] of BAD)
  test(`a configuration is refused: ${message.source.slice(0, 60)}`, () => {
    assert.throws(() => configOf(text), { message })
  })

test('a file that is not there is told at start', () => {
  const flags = new ApiFlagValues({ 'tracing-config-file': ['/nowhere/tracing.yaml'] })
  assert.throws(() => observabilityConfig(flags), {
    message: 'tracing-config-file /nowhere/tracing.yaml does not exist',
  })
})

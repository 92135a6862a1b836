import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect, type TLSSocket } from 'node:tls'
import { setImmediate } from 'node:timers/promises'
import { after, it } from 'node:test'
import { alwaysAllow } from '../../apiserver/authz/types.ts'
import { serveHttps } from '../../apiserver/http/serve.ts'
import { createApiServer } from '../../apiserver/server.ts'
import { systemClock, VirtualClock } from '../../lib/clock.ts'
import { silentLogger } from '../../lib/log.ts'
import { systemRandom } from '../../lib/random.ts'
import { MemoryStore } from '../../store/memory/store.ts'
import { ensurePki } from './pki.ts'
import { keepRenewed } from './renewal.ts'

const folder = mkdtempSync(join(tmpdir(), 'skiff-renewal-'))
after(() => rmSync(folder, { recursive: true }))

const DAY_MS = 86_400_000
const settle = async (): Promise<void> => {
  for (let i = 0; i < 20; i++) await setImmediate()
}

it('looks twice a day, goes on after a failure, and ends with its signal', async () => {
  const [clock, stop] = [new VirtualClock(), new AbortController()]
  let looks = 0
  const env = { clock, random: systemRandom, log: silentLogger }
  const ended = keepRenewed({ folder, env, signal: stop.signal }, () =>
    ++looks === 1 ? Promise.reject(new Error('the disk is full')) : Promise.resolve(),
  )
  await clock.advance(2 * DAY_MS, settle)
  assert.equal(looks, 4)
  stop.abort(new Error('the test ends'))
  await ended
  await clock.advance(DAY_MS, settle)
  assert.equal(looks, 4)
})

it('a certificate that is taken away is made anew; new connections see it, old ones go on', async () => {
  const env = { clock: systemClock, random: systemRandom, log: silentLogger }
  const pki = () => ensurePki({ folder, env, servingNames: ['127.0.0.1'] })
  const first = await pki()
  const server = createApiServer({
    store: new MemoryStore({ clock: systemClock }),
    env,
    resources: [],
    authenticator: { authenticate: () => undefined },
    authorizer: alwaysAllow,
    admission: [],
  })
  const listener = await serveHttps(server, { port: 0, host: '127.0.0.1', tls: first.serving })
  const stop = new AbortController()
  const renewed = Promise.withResolvers<X509Certificate>()
  const ended = keepRenewed({ folder, env, signal: stop.signal }, async () => {
    const { serving } = await pki()
    if (serving.cert === first.serving.cert) return
    listener.renew(serving)
    renewed.resolve(new X509Certificate(serving.cert))
  })
  const open = (): Promise<TLSSocket> =>
    new Promise((resolve, reject) => {
      const socket = connect({ port: listener.port, host: '127.0.0.1', ca: first.ca.cert }, () => resolve(socket))
      socket.once('error', reject)
    })
  const old = await open()
  rmSync(join(folder, 'apiserver.crt'))
  const expected = (await renewed.promise).fingerprint256
  const fresh = await open()
  assert.equal(fresh.getPeerX509Certificate()?.fingerprint256, expected)
  assert.notEqual(old.getPeerX509Certificate()?.fingerprint256, expected)
  old.write('GET /version HTTP/1.1\r\nHost: x\r\n\r\n')
  const [answer] = await new Promise<Buffer[]>((resolve) => old.once('data', (chunk: Buffer) => resolve([chunk])))
  assert.match(String(answer), /^HTTP\/1\.1 200 /)
  for (const socket of [old, fresh]) socket.destroy()
  stop.abort(new Error('the test ends'))
  await ended
  await listener.close()
  server.close()
})

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect as connectTcp, type Socket } from 'node:net'
import { Duplex } from 'node:stream'
import { after, before, test } from 'node:test'
import { connect, type ConnectionOptions, type TLSSocket } from 'node:tls'
import { VirtualClock } from '../../lib/clock.ts'
import { silentLogger } from '../../lib/log.ts'
import { seededRandom } from '../../lib/random.ts'
import { MemoryStore } from '../../store/memory/store.ts'
import { alwaysAllow } from '../authz/types.ts'
import { createApiServer } from '../server.ts'
import { FIRST_HEAD_MS } from './idle.ts'
import { type HttpsListener, serveHttps } from './serve.ts'
import { testCertificate } from './test-certificate.ts'

const clock = new VirtualClock()
let listener: HttpsListener

before(async () => {
  const server = createApiServer({
    store: new MemoryStore({ clock }),
    env: { clock, random: seededRandom(1), log: silentLogger },
    resources: [],
    authenticator: { authenticate: () => undefined },
    authorizer: alwaysAllow,
    admission: [],
  })
  const named = [{ ...testCertificate, names: ['named.example'], told: true }]
  listener = await serveHttps(server, { port: 0, host: '127.0.0.1', tls: { ...testCertificate, named } })
})

after(() => listener.close())

/** A connection that has asked /livez and been answered. */
async function asked(options: ConnectionOptions = {}): Promise<TLSSocket> {
  const socket = connect({
    host: '127.0.0.1',
    ...(!options.socket && { port: listener.port }),
    rejectUnauthorized: false,
    ...options,
  })
  socket.write('GET /livez HTTP/1.1\r\nHost: a\r\n\r\n')
  const [data] = (await once(socket, 'data')) as [Buffer]
  assert.match(data.toString(), /^HTTP\/1\.1 200 OK/)
  return socket
}

test('hundreds of connections at once are all answered', async () => {
  const all = await Promise.all(Array.from({ length: 300 }, () => asked()))
  for (const socket of all) socket.destroy()
})

for (const servername of ['localhost', 'named.example']) {
  for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
    test(`a client of ${servername} resumes its session over ${maxVersion}`, async () => {
      const first = await asked({ servername, maxVersion, session: undefined })
      const session = first.getSession() ?? (await once(first, 'session'))[0]
      assert.equal(first.isSessionReused(), false)
      first.destroy()
      const second = await asked({ servername, maxVersion, session })
      assert.equal(second.isSessionReused(), true)
      second.destroy()
    })
  }
}

test('a greeting may come in pieces', async () => {
  const tcp = connectTcp(listener.port, '127.0.0.1')
  const write = tcp.write.bind(tcp) as (bytes: Uint8Array, done?: () => void) => boolean
  // What TLS would send at once goes byte by byte as far as the record's head, then the rest.
  const pieces = (bytes: Buffer): Buffer[] => [
    ...[0, 1, 2, 3, 4].map((at) => bytes.subarray(at, at + 1)),
    bytes.subarray(5),
  ]
  let isFirst = true
  const split = new Duplex({
    read() {},
    write(bytes: Buffer, _encoding, done) {
      const parts = isFirst ? pieces(bytes) : [bytes]
      isFirst = false
      const send = (index: number): void => {
        const part = parts[index]
        if (!part) return done()
        write(part, () => setImmediate(() => send(index + 1)))
      }
      send(0)
    },
  })
  tcp.setNoDelay(true).on('data', (data: Buffer) => split.push(data))
  const socket = await asked({ socket: split })
  socket.destroy()
  tcp.destroy()
})

test('who greets with anything else is cut off, and so is who says nothing', async () => {
  const [garbage, silent] = [await open(), await open()]
  garbage.write('GET / HTTP/1.1\r\n\r\n')
  await once(garbage, 'close')
  const closed = once(silent, 'close')
  const other = await asked()
  other.destroy()
  await clock.advance(FIRST_HEAD_MS * 1.25 + 1)
  await closed
})

async function open(): Promise<Socket> {
  const socket = connectTcp(listener.port, '127.0.0.1')
  socket.on('error', () => socket.destroy())
  socket.on('data', () => {})
  await once(socket, 'connect')
  return socket
}

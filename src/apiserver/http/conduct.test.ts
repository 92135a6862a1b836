import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { connect } from 'node:tls'
import { namespaces } from '../../api/core/v1/namespace.ts'
import { VirtualClock } from '../../lib/clock.ts'
import { silentLogger } from '../../lib/log.ts'
import { seededRandom } from '../../lib/random.ts'
import { MemoryStore } from '../../store/memory/store.ts'
import { alwaysAllow } from '../authz/types.ts'
import { createApiServer } from '../server.ts'
import { PINGS_AT_ONCE, RESETS_AT_ONCE } from './conduct.ts'
import { type HttpsListener, serveHttps } from './serve.ts'
import { testCertificate } from './test-certificate.ts'

let listener: HttpsListener
let answered = 0

before(async () => {
  const clock = new VirtualClock()
  const server = createApiServer({
    store: new MemoryStore({ clock }),
    env: { clock, random: seededRandom(1), log: silentLogger },
    resources: [namespaces],
    authenticator: { authenticate: () => undefined },
    authorizer: {
      authorize(...of) {
        answered++
        return alwaysAllow.authorize(...of)
      },
    },
    admission: [],
  })
  listener = await serveHttps(server, { port: 0, host: '127.0.0.1', tls: testCertificate })
})

after(() => listener.close())

const HEADERS = 1
const RST_STREAM = 3
const SETTINGS = 4
const PING = 6
const GOAWAY = 7
const HEAD_BYTES = 9

/** One frame of HTTP/2 (RFC 9113, 4.1). */
function frame(type: number, flags: number, stream: number, body = Buffer.alloc(0)): Buffer {
  const head = Buffer.alloc(HEAD_BYTES)
  head.writeUIntBE(body.length, 0, 3)
  head.writeUInt8(type, 3)
  head.writeUInt8(flags, 4)
  head.writeUInt32BE(stream, 5)
  return Buffer.concat([head, body])
}

/** What a server says, frame by frame. */
interface Frame {
  readonly type: number
  readonly body: Buffer
}

/** Sends frames and resolves with all that is answered when the server closes, or when `enough` says so. */
async function answers(frames: Buffer, enough: (all: readonly Frame[]) => boolean = () => false): Promise<Frame[]> {
  const socket = connect({ port: listener.port, host: '127.0.0.1', rejectUnauthorized: false, ALPNProtocols: ['h2'] })
  const heard: Frame[] = []
  let rest = Buffer.alloc(0)
  socket.on('error', () => socket.destroy())
  socket.on('data', (data: Buffer) => {
    rest = Buffer.concat([rest, data])
    while (rest.length >= HEAD_BYTES && rest.length >= HEAD_BYTES + rest.readUIntBE(0, 3)) {
      const end = HEAD_BYTES + rest.readUIntBE(0, 3)
      heard.push({ type: rest.readUInt8(3), body: rest.subarray(HEAD_BYTES, end) })
      rest = rest.subarray(end)
    }
    if (enough(heard)) socket.destroy()
  })
  socket.once('secureConnect', () => {
    socket.write(Buffer.concat([Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'), frame(SETTINGS, 0, 0), frames]))
  })
  await new Promise((resolve) => socket.once('close', resolve))
  return heard
}

const repeated = (count: number, make: (i: number) => Buffer): Buffer =>
  Buffer.concat(Array.from({ length: count }, (_, i) => make(i)))
const PATH = '/api/v1/namespaces'
/** GET, https, and the path and the host as they are (RFC 7541, 6.1 and 6.2.2). */
const REQUEST = Buffer.concat([
  Buffer.from([0x82, 0x87, 0x04, PATH.length]),
  Buffer.from(PATH),
  Buffer.from('\x01\x01x'),
])
const END_OF_STREAM_AND_HEADERS = 5
const CANCEL = Buffer.from([0, 0, 0, 8])
const ENHANCE_YOUR_CALM = 11
const askedAndReset = (i: number): Buffer =>
  Buffer.concat([
    frame(HEADERS, END_OF_STREAM_AND_HEADERS, 2 * i + 1, REQUEST),
    frame(RST_STREAM, 0, 2 * i + 1, CANCEL),
  ])
const ping = (): Buffer => frame(PING, 0, 0, Buffer.alloc(8))

/** The last word may be lost where more comes than the server reads. */
function assertSentAway(heard: readonly Frame[]): void {
  const goaway = heard.find(({ type }) => type === GOAWAY)
  if (goaway) assert.equal(goaway.body.readUInt32BE(4), ENHANCE_YOUR_CALM)
}
const isAnswered = (all: readonly Frame[]): boolean => all.some(({ type }) => type === HEADERS)

test('who resets streams without end is sent away, and few of the requests are begun', async () => {
  const asked = RESETS_AT_ONCE + 50
  const last = frame(HEADERS, END_OF_STREAM_AND_HEADERS, 2 * asked + 1, REQUEST)
  const heard = await answers(Buffer.concat([repeated(asked, askedAndReset), last]), isAnswered)
  assert.equal(isAnswered(heard), false)
  assertSentAway(heard)
  assert.ok(answered < 300, `${answered} were begun`)
})

test('who resets some is answered as before', async () => {
  const before = answered
  const last = frame(HEADERS, END_OF_STREAM_AND_HEADERS, 401, REQUEST)
  const heard = await answers(Buffer.concat([repeated(200, askedAndReset), last]), isAnswered)
  assert.equal(isAnswered(heard), true)
  assert.ok(answered > before)
})

test('who pings without end is sent away; some pings are answered', async () => {
  const pings = (all: readonly Frame[]): number => all.filter(({ type }) => type === PING).length
  const many = 10 * PINGS_AT_ONCE
  const heard = await answers(repeated(many, ping), (all) => pings(all) === many)
  assert.ok(pings(heard) < many, `${pings(heard)} were answered`)
  assertSentAway(heard)
  const some = await answers(repeated(100, ping), (all) => pings(all) === 100)
  assert.equal(some.filter(({ type }) => type === GOAWAY).length, 0)
})

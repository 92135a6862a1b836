import assert from 'node:assert/strict'
import dgram from 'node:dgram'
import { once } from 'node:events'
import net from 'node:net'
import test, { type TestContext } from 'node:test'
import { decode, encode, streamDecode, streamEncode, type DecodedPacket, type Packet } from 'dns-packet'
import { systemClock } from '../../lib/clock.ts'
import { silentLogger } from '../../lib/log.ts'
import { seededRandom } from '../../lib/random.ts'
import type { Service } from '../../api/generated/types/core/v1.ts'
import { AnswerCache } from '../forward/cache.ts'
import { Forwarder, upstreamsOf } from '../forward/forward.ts'
import type { Names } from '../zone/names.ts'
import { startDnsServer } from './server.ts'

const env = { clock: systemClock, random: seededRandom(1), log: silentLogger }
const far: Service = {
  metadata: { name: 'far', namespace: 'default' },
  spec: { type: 'ExternalName', externalName: 'example.test' },
}
const names: Names = {
  service: (key) => (key === 'default/far' ? far : undefined),
  slicesOf: () => [],
  hasNamespace: (name) => name === 'default',
  servicesByIP: () => [],
  slicesByIP: () => [],
}

/** An upstream that knows example.test, has one answer that is too large for UDP, and counts what it is asked. */
async function upstream(t: TestContext): Promise<{ port: number; asked: string[] }> {
  const asked: string[] = []
  const answer = (query: DecodedPacket, overTcp: boolean): Packet => {
    const name = query.questions?.[0]?.name ?? ''
    asked.push(`${overTcp ? 'tcp' : 'udp'} ${name}`)
    const known = name === 'example.test' || name === 'big.test'
    const count = name === 'big.test' ? 100 : 1
    const answers = Array.from({ length: known ? count : 0 }, (_, i) => ({
      type: 'A' as const,
      name,
      ttl: 60,
      data: `192.0.2.${i}`,
    }))
    if (name === 'big.test' && !overTcp)
      return { type: 'response', id: query.id, flags: 0x8200, questions: query.questions ?? [] }
    return {
      type: 'response',
      id: query.id,
      flags: 0x8000 | (known ? 0 : 3),
      questions: query.questions ?? [],
      answers,
    }
  }
  const tcp = net.createServer((socket) =>
    socket.on('data', (bytes) => socket.end(streamEncode(answer(streamDecode(bytes) as DecodedPacket, true)))),
  )
  tcp.listen(0, '127.0.0.1')
  await once(tcp, 'listening')
  const { port } = tcp.address() as net.AddressInfo
  const udp = dgram.createSocket('udp4').bind(port, '127.0.0.1')
  await once(udp, 'listening')
  udp.on('message', (bytes, client) => udp.send(encode(answer(decode(bytes), false)), client.port, client.address))
  t.after(() => {
    udp.close()
    tcp.close()
  })
  return { port, asked }
}

async function start(t: TestContext, serves = true): Promise<{ port: number; asked: string[] }> {
  const { port: upstreamPort, asked } = await upstream(t)
  const forwarder = new Forwarder({ env, upstreams: [{ address: '127.0.0.1', port: upstreamPort }] })
  const responder = { zone: { zone: 'cluster.local', names }, forwarder, cache: new AnswerCache(systemClock) }
  const server = await startDnsServer({ responder, env, address: '127.0.0.1', port: 0, serves: () => serves })
  t.after(() => server.close())
  return { port: server.port, asked }
}

async function ask(port: number, name: string, type: 'A' | 'AAAA' = 'A'): Promise<DecodedPacket> {
  const socket = dgram.createSocket('udp4')
  socket.send(encode({ type: 'query', id: 7, flags: 0x0100, questions: [{ name, type }] }), port, '127.0.0.1')
  const [bytes] = (await once(socket, 'message')) as [Buffer]
  socket.close()
  return decode(bytes)
}

const code = (packet: DecodedPacket): string | undefined => (packet as { rcode?: string }).rcode
const addresses = (packet: DecodedPacket): unknown[] =>
  (packet.answers ?? []).map((r) => ('data' in r ? r.data : undefined))

test('the cluster answers for itself, with an ExternalName followed to its address', async (t) => {
  const { port } = await start(t)
  const answer = await ask(port, 'FAR.default.svc.cluster.local')
  assert.equal(answer.id, 7)
  assert.equal(answer.flag_aa, true)
  assert.deepEqual(addresses(answer), ['example.test', '192.0.2.0'])
  assert.equal(code(await ask(port, 'near.default.svc.cluster.local')), 'NXDOMAIN')
})

test('other names come from upstream, once while the answer may be kept', async (t) => {
  const { port, asked } = await start(t)
  assert.deepEqual(addresses(await ask(port, 'example.test')), ['192.0.2.0'])
  assert.deepEqual(addresses(await ask(port, 'example.test')), ['192.0.2.0'])
  assert.equal(code(await ask(port, 'unknown.test')), 'NXDOMAIN')
  assert.deepEqual(asked, ['udp example.test', 'udp unknown.test'])
})

test('an answer too large for UDP is fetched and given over TCP', async (t) => {
  const { port, asked } = await start(t)
  const short = await ask(port, 'big.test')
  assert.equal(short.flag_tc, true)
  assert.deepEqual(asked, ['udp big.test', 'tcp big.test'])
  const socket = net.connect(port, '127.0.0.1')
  socket.write(streamEncode({ type: 'query', id: 9, questions: [{ name: 'big.test', type: 'A' }] }))
  let received = Buffer.alloc(0)
  for await (const chunk of socket) {
    received = Buffer.concat([received, chunk as Buffer])
    if (received.length >= 2 + received.readUInt16BE(0)) break
  }
  assert.equal((streamDecode(received) as DecodedPacket).answers?.length, 100)
})

test('an upstream that is gone is a SERVFAIL, not silence', async (t) => {
  const forwarder = new Forwarder({ env, upstreams: [] })
  const server = await startDnsServer({
    responder: { zone: { zone: 'cluster.local', names }, forwarder, cache: new AnswerCache(systemClock) },
    env,
    address: '127.0.0.1',
    port: 0,
    serves: () => true,
  })
  t.after(() => server.close())
  assert.equal(code(await ask(server.port, 'example.test')), 'SERVFAIL')
})

test('strangers and malformed messages get no answer; the next question does', async (t) => {
  const { port } = await start(t)
  const socket = dgram.createSocket('udp4')
  const answered: Buffer[] = []
  socket.on('message', (bytes) => answered.push(bytes))
  socket.send(Buffer.from('not a dns message at all'), port, '127.0.0.1')
  await ask(port, 'far.default.svc.cluster.local')
  socket.close()
  assert.equal(answered.length, 0)
  const closed = await start(t, false)
  const tcp = net.connect(closed.port, '127.0.0.1')
  await once(tcp, 'close')
})

test('name servers are read from resolv.conf', () => {
  assert.deepEqual(upstreamsOf('search x\nnameserver 192.0.2.1\n# nameserver 9.9.9.9\nnameserver fd00::1\n'), [
    { address: '192.0.2.1', port: 53 },
    { address: 'fd00::1', port: 53 },
  ])
})

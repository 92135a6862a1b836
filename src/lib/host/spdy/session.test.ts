import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import test from 'node:test'
import { SpdySession, type SpdyStream } from './session.ts'

interface Pair {
  readonly client: SpdySession
  readonly server: SpdySession
  readonly accepted: SpdyStream[]
  readonly clientSocket: Socket
  [Symbol.asyncDispose](): Promise<void>
}

async function pair(): Promise<Pair> {
  const listener = createServer().listen(0, '127.0.0.1')
  await once(listener, 'listening')
  const address = listener.address()
  const clientSocket = connect(typeof address === 'object' && address ? address.port : 0, '127.0.0.1')
  const [serverSocket] = (await once(listener, 'connection')) as [Socket]
  const accepted: SpdyStream[] = []
  const client = new SpdySession(clientSocket, { role: 'client' })
  const server = new SpdySession(serverSocket, { role: 'server', onStream: (stream) => accepted.push(stream) })
  return {
    client,
    server,
    accepted,
    clientSocket,
    async [Symbol.asyncDispose]() {
      client.destroy()
      server.destroy()
      listener.close()
      await once(listener, 'close')
    },
  }
}

async function text(stream: SpdyStream): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of stream) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString()
}

test('streams carry their headers, data both ways and half-close', async () => {
  await using p = await pair()
  for (let i = 0; i < 50; i++) {
    const mine = await p.client.open({ streamType: 'stdin', requestID: String(i) })
    const theirs = p.accepted.at(-1)
    assert.ok(theirs)
    assert.deepEqual({ ...theirs.headers }, { streamtype: 'stdin', requestid: String(i) })
    mine.end(`ping ${i}`)
    assert.equal(await text(theirs), `ping ${i}`)
    theirs.end(`pong ${i}`)
    assert.equal(await text(mine), `pong ${i}`)
  }
})

test('a large transfer arrives whole under back-pressure', async () => {
  await using p = await pair()
  const mine = await p.client.open({ streamType: 'stdout' })
  const theirs = p.accepted[0]
  assert.ok(theirs)
  const big = Buffer.alloc(9_000_000, 'abcdefghij')
  theirs.end(big)
  assert.equal((await text(mine)).length, big.length)
})

test('a reset by one side ends the stream of the other, and other streams live on', async () => {
  await using p = await pair()
  const first = await p.client.open({ n: '1' })
  const second = await p.client.open({ n: '2' })
  p.accepted[0]?.destroy()
  assert.equal(await text(first), '')
  p.accepted[1]?.end('still here')
  assert.equal(await text(second), 'still here')
})

test('what came before a reset is read after it', async () => {
  await using p = await pair()
  const stream = await p.client.open({ n: '1' })
  const theirs = p.accepted[0]
  theirs?.write('last words', () => theirs.destroy())
  // Frames come in order: when this one is answered, the reset has come.
  await p.client.open({ n: '2' })
  stream.write('to nobody')
  assert.equal(await text(stream), 'last words')
})

test('when the connection ends, open streams end and opening fails', async () => {
  await using p = await pair()
  const stream = await p.client.open({ n: '1' })
  p.server.close()
  assert.equal(await text(stream), '')
  await assert.rejects(async () => {
    await p.client.open({ n: '2' })
  })
})

test('a malformed frame closes the connection with an error', async () => {
  const errors: (Error | undefined)[] = []
  const listener = createServer((socket) => {
    new SpdySession(socket, { role: 'server', onClose: (error) => errors.push(error) })
  }).listen(0, '127.0.0.1')
  await once(listener, 'listening')
  const address = listener.address()
  const socket = connect(typeof address === 'object' && address ? address.port : 0, '127.0.0.1')
  socket.write(Buffer.from('8003000100ffffff', 'hex'))
  await once(socket, 'close')
  assert.match(errors[0]?.message ?? '', /too large/)
  listener.close()
})

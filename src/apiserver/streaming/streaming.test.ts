import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import { Duplex } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import test from 'node:test'
import { WebSocket } from 'ws'
import { SpdySession, type SpdyStream } from '../../lib/host/spdy/session.ts'
import { passThrough } from './pass-through.ts'
import { PORT_FORWARD_TUNNEL, servePortForwardTunnel } from './port-forward.ts'
import { REMOTE_COMMAND_V5, serveRemoteCommand, streamsFromQuery } from './remote-command.ts'
import { openSpdy, type UpgradeTarget, UpgradeRefusedError } from './upgrade-target.ts'

type OnUpgrade = (request: IncomingMessage, socket: Duplex, head: Buffer) => void

async function listen(onUpgrade: OnUpgrade): Promise<{ server: Server; port: number }> {
  const server = createServer((_, response) => response.writeHead(404).end('container not found'))
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    if (request.url?.startsWith('/missing')) {
      socket.end('HTTP/1.1 404 Not Found\r\nContent-Length: 19\r\n\r\ncontainer not found')
    } else onUpgrade(request, socket, head)
  })
  // An upgraded connection is no longer the server's to close.
  server.setMaxListeners(0)
  server.on('connection', (socket) => server.once('close-all', () => socket.destroy()))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  return { server, port: typeof address === 'object' && address ? address.port : 0 }
}

function switchToSpdy(socket: Duplex, head: Buffer, protocol: string, onStream: (stream: SpdyStream) => void): void {
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\nX-Stream-Protocol-Version: ${protocol}\r\n\r\n`,
  )
  new SpdySession(socket, { role: 'server', onStream }, head)
}

/** A runtime that echoes stdin in capitals to stdout and ends with exit code 3 when stdin ends. */
function echoingRuntime(): Promise<{ server: Server; port: number }> {
  return listen((_, socket, head) => {
    const streams: Record<string, SpdyStream> = {}
    switchToSpdy(socket, head, 'v4.channel.k8s.io', (stream) => {
      streams[stream.headers.streamtype ?? ''] = stream
      if (stream.headers.streamtype !== 'stdout') return
      streams.stdin?.on('data', (data: Buffer) => stream.write(data.toString().toUpperCase()))
      streams.stdin?.on('end', () => {
        streams.error?.end('{"status":"Failure","code":3}')
        stream.end()
      })
    })
  })
}

async function front(
  serve: (request: IncomingMessage, socket: Duplex, head: Buffer, url: URL) => Promise<void>,
  targetPort: number,
): Promise<{ server: Server; port: number; failures: unknown[] }> {
  const failures: unknown[] = []
  const listening = await listen((request, socket, head) => {
    serve(
      request,
      socket,
      head,
      new URL(`http://127.0.0.1:${targetPort}${(request.headers['x-path'] as string | undefined) ?? '/exec'}`),
    ).catch((error: unknown) => {
      failures.push(error)
      socket.end('HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n')
    })
  })
  return { ...listening, failures }
}

function closeAll(...servers: { server: Server }[]): void {
  for (const { server } of servers) {
    server.emit('close-all')
    server.close()
  }
}

test('exec over WebSocket v5 is translated to SPDY, with half-close of stdin and the exit status', async (t) => {
  const runtime = await echoingRuntime()
  const streams = { stdin: true, stdout: true, stderr: false, tty: false }
  const proxy = await front(
    (request, socket, head, url) => serveRemoteCommand(request, socket, head, streams, { url }),
    runtime.port,
  )
  t.after(() => closeAll(runtime, proxy))
  const client = new WebSocket(`ws://127.0.0.1:${proxy.port}/`, [REMOTE_COMMAND_V5], { headers: { 'x-path': '/exec' } })
  const received: Record<number, string> = {}
  client.on('message', (data: Buffer) => {
    received[data[0] ?? -1] = (received[data[0] ?? -1] ?? '') + data.subarray(1).toString()
  })
  await once(client, 'open')
  assert.equal(client.protocol, REMOTE_COMMAND_V5)
  client.send(Buffer.concat([Buffer.of(0), Buffer.from('hello')]))
  client.send(Buffer.of(255, 0))
  const [code] = (await once(client, 'close')) as [number]
  assert.equal(code, 1000)
  assert.deepEqual(received, { 1: 'HELLO', 3: '{"status":"Failure","code":3}' })
})

/** A runtime that keeps back the acceptance of the last stream, its output and the end, and says all at once: so it comes where the machine is loaded. */
function runtimeInOneBreath(
  output: Buffer,
  status: string,
  gone: () => void = () => undefined,
): Promise<{ server: Server; port: number }> {
  return listen((_, socket, head) => {
    const kept: Buffer[] = []
    let keeping = false
    const out = duplexOver(
      socket,
      (data) => (keeping ? void kept.push(data) : void socket.write(data)),
      () => void socket.end(Buffer.concat(kept)),
    )
    const streams: Record<string, SpdyStream> = {}
    socket.write(
      'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\nX-Stream-Protocol-Version: v4.channel.k8s.io\r\n\r\n',
    )
    const onStream = (stream: SpdyStream): void => {
      streams[stream.headers.streamtype ?? ''] = stream
      if (stream.headers.streamtype !== 'stdout') return
      keeping = true
      if (status) streams.error?.end(status)
      else streams.error?.end()
      stream.end(output, () => session.close())
    }
    const session = new SpdySession(out, { role: 'server', onStream }, head)
    socket.once('close', gone)
  })
}

/** A connection whose writes `write` carries out; one that takes its time holds up those that follow. */
function duplexOver(
  socket: Duplex,
  write: (data: Buffer) => void | Promise<void>,
  end = (): void => void socket.end(),
): Duplex {
  const duplex = new Duplex({
    read: () => undefined,
    write(chunk: Buffer, _, done) {
      Promise.resolve(write(chunk)).then(() => done(), done)
    },
    final(done) {
      end()
      socket.once('finish', done)
    },
  })
  socket.on('data', (data: Buffer) => duplex.push(data))
  socket.on('end', () => duplex.push(null))
  socket.on('close', () => duplex.destroy())
  duplex.on('close', () => socket.destroy())
  return duplex
}

const OUTPUT_ONLY = { stdin: false, stdout: true, stderr: false, tty: false }

/** What a WebSocket client is told, by channel, and the code with which the connection is closed. */
async function told(port: number, begin: (client: WebSocket) => void): Promise<[Record<number, Buffer>, number]> {
  const client = new WebSocket(`ws://127.0.0.1:${port}/`, [REMOTE_COMMAND_V5], { headers: { 'x-path': '/exec' } })
  const received: Record<number, Buffer[]> = {}
  client.on('message', (data: Buffer) => (received[data[0] ?? -1] ??= []).push(data.subarray(1)))
  client.once('open', () => begin(client))
  const [code] = (await once(client, 'close')) as [number]
  return [Object.fromEntries(Object.entries(received).map(([channel, parts]) => [channel, Buffer.concat(parts)])), code]
}

test('output and status are whole when the end of the connection comes with them', async (t) => {
  const runtime = await runtimeInOneBreath(Buffer.from('written'), '{"status":"Success"}')
  const proxy = await front(
    (request, socket, head, url) => serveRemoteCommand(request, socket, head, OUTPUT_ONLY, { url }),
    runtime.port,
  )
  t.after(() => closeAll(runtime, proxy))
  for (let i = 0; i < 20; i++) {
    const [received, code] = await told(proxy.port, () => undefined)
    assert.deepEqual(
      [received[1]?.toString(), received[3]?.toString(), code],
      ['written', '{"status":"Success"}', 1000],
    )
  }
})

for (const [name, bytes, serve] of [
  ['WebSocket v5', 1_600_000, serveRemoteCommand],
  [
    'SPDY',
    1000,
    (request: IncomingMessage, socket: Duplex, head: Buffer, _: object, target: UpgradeTarget) =>
      passThrough(request, socket, head, target),
  ],
] as const)
  test(`a client that reads slowly gets all, though the runtime has long gone: ${name}`, async (t) => {
    const output = Buffer.alloc(bytes, 'abcdefghijk')
    const gone = Promise.withResolvers<void>()
    const runtime = await runtimeInOneBreath(output, '{"status":"Success"}', gone.resolve)
    const proxy = await front((request, socket, head, url) => {
      let writes = 0
      const slow = duplexOver(socket, async (data) => {
        // The answer to the request, and to the first stream, come at once.
        if (writes++ > 1) await gone.promise
        socket.write(data)
      })
      return serve(request, slow, head, OUTPUT_ONLY, { url })
    }, runtime.port)
    t.after(() => closeAll(runtime, proxy))
    if (name === 'SPDY') return assert.deepEqual(await readBySpdy(proxy.port), [bytes, '{"status":"Success"}'])
    const [received, code] = await told(proxy.port, () => undefined)
    assert.deepEqual([received[1]?.length, received[3]?.toString(), code], [bytes, '{"status":"Success"}', 1000])
  })

/** How much a SPDY client is told, and with what status. */
async function readBySpdy(port: number): Promise<[number, string]> {
  const url = new URL(`http://127.0.0.1:${port}/`)
  const { session } = await openSpdy({ url }, ['v4.channel.k8s.io'])
  const error = await session.open({ streamtype: 'error' })
  const stdout = await session.open({ streamtype: 'stdout' })
  const [output, status] = await Promise.all([buffer(stdout), buffer(error)])
  session.close()
  return [output.length, status.toString()]
}

test('a runtime that goes away before it has said how the command ended is no success', async (t) => {
  const runtime = await runtimeInOneBreath(Buffer.from('half of'), '')
  const proxy = await front(
    (request, socket, head, url) => serveRemoteCommand(request, socket, head, OUTPUT_ONLY, { url }),
    runtime.port,
  )
  t.after(() => closeAll(runtime, proxy))
  const [received, code] = await told(proxy.port, () => undefined)
  assert.deepEqual([received[1]?.toString(), received[3], code], ['half of', undefined, 1011])
})

test('a target that refuses is reported before anything is sent to the client', async (t) => {
  const runtime = await echoingRuntime()
  const streams = { stdin: false, stdout: true, stderr: true, tty: false }
  const proxy = await front(
    (request, socket, head, url) => serveRemoteCommand(request, socket, head, streams, { url }),
    runtime.port,
  )
  t.after(() => closeAll(runtime, proxy))
  const client = new WebSocket(`ws://127.0.0.1:${proxy.port}/`, [REMOTE_COMMAND_V5], {
    headers: { 'x-path': '/missing' },
  })
  await once(client, 'error')
  const failure = proxy.failures[0]
  assert.ok(failure instanceof UpgradeRefusedError)
  assert.deepEqual([failure.statusCode, failure.body], [404, 'container not found'])
})

test('port-forward inside a WebSocket reaches the target as one SPDY connection', async (t) => {
  const runtime = await listen((request, socket, head) => {
    assert.equal(request.headers['x-stream-protocol-version'], 'portforward.k8s.io')
    switchToSpdy(socket, head, 'portforward.k8s.io', (stream) => stream.pipe(stream))
  })
  const proxy = await front(
    (request, socket, head, url) => servePortForwardTunnel(request, socket, head, { url }),
    runtime.port,
  )
  t.after(() => closeAll(runtime, proxy))
  // The subprotocol's name is no token, which the library insists on: it is slipped past it both ways.
  const client = new WebSocket(`ws://127.0.0.1:${proxy.port}/`, {
    headers: { 'x-path': '/portForward' },
    finishRequest(request) {
      request.setHeader('Sec-WebSocket-Protocol', PORT_FORWARD_TUNNEL)
      request.end()
    },
  })
  client.on('upgrade', (response) => {
    assert.equal(response.headers['sec-websocket-protocol'], PORT_FORWARD_TUNNEL)
    delete response.headers['sec-websocket-protocol']
  })
  await once(client, 'open')
  const { createWebSocketStream } = await import('ws')
  const session = new SpdySession(createWebSocketStream(client), { role: 'client' })
  const stream = await session.open({ streamtype: 'data', port: '80', requestid: '0' })
  const big = Buffer.alloc(3_000_000, 'x')
  stream.end(big)
  let bytes = 0
  for await (const chunk of stream) bytes += (chunk as Buffer).length
  assert.equal(bytes, big.length)
})

test('SPDY clients are passed through, and a refusal comes back as it is', async (t) => {
  const runtime = await echoingRuntime()
  const proxy = await front((request, socket, head, url) => passThrough(request, socket, head, { url }), runtime.port)
  t.after(() => closeAll(runtime, proxy))
  const path = (value: string): URL => new URL(`http://127.0.0.1:${proxy.port}/${value}`)
  await assert.rejects(
    openSpdy({ url: path('missing') }, ['v4.channel.k8s.io']),
    (error: UpgradeRefusedError) => error.statusCode === 404,
  )
})

test('streams are read from the query; a TTY has no stderr of its own', () => {
  const cases: [string, ReturnType<typeof streamsFromQuery>][] = [
    ['stdin=true&stdout=1&stderr=true', { stdin: true, stdout: true, stderr: true, tty: false }],
    ['stdin=1&stdout=1&stderr=1&tty=1', { stdin: true, stdout: true, stderr: false, tty: true }],
    ['', { stdin: false, stdout: false, stderr: false, tty: false }],
  ]
  for (const [query, expected] of cases) assert.deepEqual(streamsFromQuery(new URLSearchParams(query)), expected)
})

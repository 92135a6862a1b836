/**
 * A process with many watchers, each on a connection of its own: raw TLS sockets, and no more work for an event than to look for the time
 * that stands in it. Tells its parent `ready` when all watch or, with `synced`, when all have been told that they have what is there;
 * then, on `end`, what they saw.
 *
 *   watcher-process.ts PORT TOKEN PATH COUNT watching|synced
 */
import { connect } from 'node:tls'

const [, , port = '', token = '', path = '', count = '', until = 'watching'] = process.argv
const MARK = Buffer.from('"t":"')
const SYNCED = Buffer.from('k8s.io/initial-events-end')
/** Connections that are made at a time: a server refuses what its queue does not hold. */
const AT_ONCE = 50
const started = performance.now()
const delays: number[] = []
let opened = 0
let ready = 0
let firstMs = 0

for (let i = 0; i < AT_ONCE; i++) open()

function open(): void {
  if (opened++ >= Number(count)) return
  const socket = connect({
    host: '127.0.0.1',
    port: Number(port),
    rejectUnauthorized: false,
    ALPNProtocols: ['http/1.1'],
  })
  const head = `GET ${path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${token}\r\nAccept: application/json\r\n\r\n`
  socket.on('secureConnect', () => {
    socket.write(head)
    open()
  })
  if (until === 'synced') waitForSync()
  else socket.once('data', isReady)
  socket.on('error', (error) => {
    console.error(`a watcher: ${error.message}`)
    process.exit(1)
  })

  /** The mark may come in two pieces. */
  function waitForSync(): void {
    let tail: Buffer = Buffer.alloc(0)
    const look = (chunk: Buffer): void => {
      if (chunk.includes(SYNCED) || Buffer.concat([tail, chunk.subarray(0, SYNCED.length)]).includes(SYNCED)) {
        socket.off('data', look)
        isReady()
      }
      tail = chunk.subarray(-SYNCED.length)
    }
    socket.on('data', look)
  }

  function isReady(): void {
    firstMs ||= performance.now() - started
    socket.on('data', seen)
    if (++ready === Number(count)) process.send?.({ lastMs: performance.now() - started })
  }
}

/** Times are of the clock that all processes of a machine share. */
function seen(chunk: Buffer): void {
  const now = process.hrtime.bigint()
  for (let at = chunk.indexOf(MARK); at >= 0; at = chunk.indexOf(MARK, at)) {
    at += MARK.length
    const sent = chunk.toString('latin1', at, chunk.indexOf(0x22, at))
    if (/^\d+$/.test(sent)) delays.push(Number(now - BigInt(sent)) / 1e6)
  }
}

process.on('message', () => {
  process.send?.({ delays, firstMs }, () => process.exit(0))
})

/**
 * A process with many watchers, each on a connection of its own: raw TLS sockets, and no more work for an event than to look for the time
 * that stands in it. Says `ready` when all watch; on `end` sends its delays in ms.
 *
 *   watcher-process.ts PORT TOKEN PATH COUNT
 */
import { connect } from 'node:tls'

const [, , port = '', token = '', path = '', count = ''] = process.argv
const MARK = Buffer.from('"t":"')
const delays: number[] = []
let watching = 0

for (let i = 0; i < Number(count); i++) open()

function open(): void {
  const socket = connect({
    host: '127.0.0.1',
    port: Number(port),
    rejectUnauthorized: false,
    ALPNProtocols: ['http/1.1'],
  })
  socket.on('secureConnect', () => {
    socket.write(
      `GET ${path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${token}\r\nAccept: application/json\r\n\r\n`,
    )
  })
  socket.once('data', () => {
    if (++watching === Number(count)) process.send?.('ready')
    socket.on('data', seen)
  })
  socket.on('error', (error) => {
    console.error(`a watcher: ${error.message}`)
    process.exit(1)
  })
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
  process.send?.(delays, () => process.exit(0))
})

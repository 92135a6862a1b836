import type { IncomingMessage } from 'node:http'
import { request as httpRequest } from 'node:http'
import { request as httpsRequest } from 'node:https'
import type { Duplex } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { copyBothWays } from '../../lib/host/copy-both-ways.ts'
import { forwardedFor, saysWho } from '../registry/connect/forwarded.ts'
import { invalidUpgrade, isNoRefusal, type UpgradeTarget } from './upgrade-target.ts'

/** Headers that concern one hop, or identify the client to us alone. */
const NOT_FORWARDED = new Set(['host', 'authorization', 'x-forwarded-for', 'proxy-authorization'])

/**
 * Hands an upgrade request (SPDY, or an older WebSocket subprotocol) to the target as it came, then copies bytes both ways until either
 * side closes. A refusal is handed back to the client as it is.
 */
export async function passThrough(
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  target: UpgradeTarget,
): Promise<void> {
  const answered = await new Promise<{ response: IncomingMessage; far?: Duplex; farHead?: Buffer }>(
    (resolve, reject) => {
      const send = target.url.protocol === 'https:' ? httpsRequest : httpRequest
      const outgoing = send(target.url, {
        method: request.method,
        headers: { ...forwardedHeaders(request), ...(target.headers as Record<string, string | string[]>) },
        agent: false,
        ...target.tls,
        ...(target.lookup && { lookup: target.lookup }),
      })
      outgoing.on('upgrade', (response, far, farHead) => resolve({ response, far, farHead }))
      outgoing.on('response', (response) => resolve({ response }))
      outgoing.on('error', reject)
      socket.once('close', () => outgoing.destroy())
      outgoing.end()
    },
  )
  if (!answered.far && isNoRefusal(answered.response)) throw invalidUpgrade(answered.response)
  socket.write(rawHead(answered.response))
  if (!answered.far) return pipeline(answered.response, socket)
  const { far, farHead } = answered
  if (farHead && farHead.length > 0) socket.write(farHead)
  if (head.length > 0) far.write(head)
  await copyBothWays(socket, far)
}

function forwardedHeaders(request: IncomingMessage): Record<string, string | string[]> {
  const headers: Record<string, string | string[]> = {}
  for (let i = 0; i + 1 < request.rawHeaders.length; i += 2) {
    const name = (request.rawHeaders[i] ?? '').toLowerCase()
    const value = request.rawHeaders[i + 1] ?? ''
    if (NOT_FORWARDED.has(name) || saysWho(name)) continue
    const before = headers[name]
    headers[name] = before === undefined ? value : [...(Array.isArray(before) ? before : [before]), value]
  }
  return { ...headers, ...forwardedFor(request.headers, request.socket.remoteAddress) }
}

function rawHead(response: IncomingMessage): string {
  const lines = [`HTTP/1.1 ${response.statusCode} ${response.statusMessage}`]
  for (let i = 0; i + 1 < response.rawHeaders.length; i += 2) {
    const name = response.rawHeaders[i] ?? ''
    // A refusal's body is copied until the connection closes, not in chunks; and closed it will be, whatever the target says.
    const isOfHop = ['transfer-encoding', 'connection', 'keep-alive'].includes(name.toLowerCase())
    if (response.statusCode === 101 || !isOfHop) lines.push(`${name}: ${response.rawHeaders[i + 1]}`)
  }
  if (response.statusCode !== 101) lines.push('Connection: close')
  return `${lines.join('\r\n')}\r\n\r\n`
}

import { request as httpRequest, type IncomingMessage } from 'node:http'
import { request as httpsRequest, type RequestOptions } from 'node:https'
import type { Duplex } from 'node:stream'
import type { ConnectionOptions } from 'node:tls'
import type { StatusError } from '../../apimachinery/status.ts'
import { bareError } from '../registry/revision.ts'
import { SpdySession } from '../../lib/host/spdy/session.ts'

/** Where an upgraded connection goes: a kubelet, or a container runtime's streaming server. */
export interface UpgradeTarget {
  /** `https://10.0.0.5:10250/exec/...` or `http://...`. */
  readonly url: URL
  /** TLS material for https. */
  readonly tls?: Pick<
    RequestOptions,
    'ca' | 'cert' | 'key' | 'servername' | 'checkServerIdentity' | 'rejectUnauthorized'
  > &
    Pick<ConnectionOptions, 'allowPartialTrustChain'>
  /** How its name is resolved, when not as any. */
  readonly lookup?: RequestOptions['lookup']
  readonly signal?: AbortSignal
  /** Beyond the client's own. */
  readonly headers?: Readonly<Record<string, string | readonly string[]>>
}

/** The target did not switch protocols. Carries its answer, to hand on to the client. */
export class UpgradeRefusedError extends Error {
  readonly statusCode: number
  readonly body: string
  constructor(statusCode: number, body: string) {
    super(`unable to upgrade connection: ${body || `status ${statusCode}`}`)
    this.name = 'UpgradeRefusedError'
    this.statusCode = statusCode
    this.body = body
  }
}

/** An upgraded connection: raw bytes both ways. */
export interface Upgraded {
  readonly socket: Duplex
  readonly head: Buffer
  readonly response: IncomingMessage
}

/** Whether the target neither switched protocols nor said why not: a redirect above all, which nobody follows with the client's rights. */
export function isNoRefusal({ statusCode = 0 }: IncomingMessage): boolean {
  return statusCode < 400
}

/** Ends with the target and says so to the client. */
export function invalidUpgrade(response: IncomingMessage): StatusError {
  response.destroy()
  return bareError(`invalid upgrade response: status code ${response.statusCode ?? 0}`)
}

/** A refusal's body is read up to this much. */
const MAX_REFUSAL_BYTES = 8 * 1024

/** Asks the target to switch protocols. Rejects with UpgradeRefusedError when it answers anything but 101. */
export function upgrade(target: UpgradeTarget, headers: Record<string, string | string[]>): Promise<Upgraded> {
  return new Promise((resolve, reject) => {
    const send = target.url.protocol === 'https:' ? httpsRequest : httpRequest
    const request = send(target.url, {
      method: 'POST',
      headers,
      agent: false,
      ...target.tls,
      ...(target.lookup && { lookup: target.lookup }),
      ...(target.signal && { signal: target.signal }),
    })
    request.on('upgrade', (response, socket, head) => resolve({ socket, head, response }))
    request.on('response', (response) => {
      if (isNoRefusal(response)) return reject(invalidUpgrade(response))
      let body = ''
      response.setEncoding('utf8')
      response.on('data', (chunk: string) => {
        if (body.length < MAX_REFUSAL_BYTES) body += chunk
      })
      response.on('end', () =>
        reject(new UpgradeRefusedError(response.statusCode ?? 502, body.slice(0, MAX_REFUSAL_BYTES))),
      )
      response.on('error', reject)
    })
    request.on('error', reject)
    request.end()
  })
}

/** Opens a SPDY session with the target, offering Kubernetes' stream protocols in order of preference. */
export async function openSpdy(
  target: UpgradeTarget,
  protocols: readonly string[],
  onClose?: (error?: Error) => void,
): Promise<{ session: SpdySession; protocol: string }> {
  const { socket, head, response } = await upgrade(target, {
    connection: 'Upgrade',
    upgrade: 'SPDY/3.1',
    'x-stream-protocol-version': [...protocols],
  })
  const chosen = response.headers['x-stream-protocol-version']
  const session = new SpdySession(socket, { role: 'client', ...(onClose && { onClose }) }, head)
  return { session, protocol: (Array.isArray(chosen) ? chosen[0] : chosen) ?? protocols.at(-1) ?? '' }
}

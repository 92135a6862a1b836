import { request } from 'node:https'
import { sleep, systemClock } from '../../../lib/clock.ts'
import type { CatalogueRequest } from './catalogue.ts'

const TOKENS = { admin: 'admintoken', alice: 'alicetoken', nobody: 'nobodystoken' }

/** The name that the audit gives the request of this place in the catalogue. */
export const auditIdOf = (index: number): string => `request-${String(index).padStart(3, '0')}`

const PAUSE_MS = 20

/** Sends one request of the catalogue, and reads its whole answer; its code. */
export async function send(base: string, request: CatalogueRequest, index: number): Promise<number> {
  if (request.until !== undefined) {
    while ((await sendAs(base, request, 'waiting')) !== request.until) await sleep(systemClock, PAUSE_MS)
  }
  return sendAs(base, request, auditIdOf(index))
}

function sendAs(
  base: string,
  { method, path, as, headers, body, text: raw }: CatalogueRequest,
  auditId: string,
): Promise<number> {
  const text = raw ?? (body === undefined ? '' : JSON.stringify(body))
  const token = as === 'none' ? undefined : TOKENS[as ?? 'admin']
  return new Promise((resolve, reject) => {
    const outgoing = request(`${base}${path}`, {
      method,
      rejectUnauthorized: false,
      headers: {
        'user-agent': 'catalogue',
        'audit-id': auditId,
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
        ...(text !== '' && { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }),
        ...headers,
      },
    })
    outgoing.on('response', (response) => {
      response.resume()
      response.on('end', () => resolve(response.statusCode ?? 0))
      response.on('error', reject)
    })
    outgoing.on('error', reject)
    outgoing.end(text)
  })
}

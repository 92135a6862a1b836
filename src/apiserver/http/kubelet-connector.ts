import { lookup } from 'node:dns'
import { Agent as HttpAgent, request as httpRequest, type RequestOptions } from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'
import type { LookupFunction } from 'node:net'
import type { ConnectionOptions } from 'node:tls'
import { StatusError } from '../../apimachinery/status.ts'
import {
  addressNotAllowed,
  authority,
  type Connector,
  type ConnectRequest,
  type ConnectResponse,
  type ConnectTarget,
} from '../registry/connect/connector.ts'
import { isAddress, isGlobalUnicast } from '../registry/connect/reachable.ts'
import { Readable } from 'node:stream'
import { inGosWords } from './go-errors.ts'
import { checkNames, signedBy } from './server-identity.ts'

/** What the API server shows to kubelets, and whom it believes, in PEM. */
export interface KubeletTls {
  readonly cert: string
  readonly key: string
  /** The CA of the kubelets' certificates; without it any certificate is taken, as upstream does. */
  readonly ca?: string | undefined
}

/** What the API server shows to whom it passes requests on to. */
export interface ConnectTls {
  readonly kubelet?: KubeletTls | undefined
  /** The certificate of a front proxy, in PEM, for aggregated API servers. */
  readonly frontProxy?: { readonly cert: string; readonly key: string } | undefined
}

/** The TLS settings for a target. */
export function tlsFor(
  target: ConnectTarget,
  { kubelet, frontProxy }: ConnectTls,
): Pick<ConnectionOptions, 'ca' | 'allowPartialTrustChain' | 'cert' | 'key' | 'rejectUnauthorized' | 'servername'> & {
  readonly checkServerIdentity?: typeof checkNames
} {
  if (target.aggregated) {
    const { serverName: servername, ca } = target.aggregated
    const believes = { ...signedBy(ca), checkServerIdentity: checkNames }
    return { ...frontProxy, servername, ...believes, rejectUnauthorized: !target.insecure }
  }
  const known = target.node !== undefined ? kubelet : undefined
  return {
    ...(known && { cert: known.cert, key: known.key }),
    ...(known?.ca && !target.insecure ? signedBy(known.ca) : { rejectUnauthorized: false }),
  }
}

/**
 * How a target's name is resolved: as any, or so that none leads to this machine. The address that is looked at is the one that is dialled.
 * Throws addressNotAllowed for one that needs no resolving, as URLs write it: `127.1` is 127.0.0.1 there.
 */
export function lookupFor({ globalOnly }: ConnectTarget, url: string | URL): { readonly lookup?: LookupFunction } {
  if (!globalOnly) return {}
  const host = new URL(url).hostname.replace(/^\[|\]$/g, '')
  if (isAddress(host) && !isGlobalUnicast(host)) throw addressNotAllowed()
  return { lookup: globalLookup }
}

const globalLookup: LookupFunction = (hostname, options, callback) => {
  lookup(hostname, { ...options, all: true }, (error, found) => {
    if (error) return callback(error, [])
    if (found.length === 0 || !found.every(({ address }) => isGlobalUnicast(address)))
      return callback(new Error(`${hostname} leads to this machine or its link`, { cause: addressNotAllowed() }), [])
    if (options.all) return callback(null, found)
    const [first] = found
    callback(null, first?.address ?? '', first?.family)
  })
}

/** Reaches nodes, pods and Services over the network, with connections kept alive. */
export function networkConnector(tls: ConnectTls): Connector {
  const agents = connectionAgents()
  // Connections to where not everybody may come are not shared with those who may.
  const globalAgents = connectionAgents()
  return {
    async request(target, request) {
      const { scheme, path } = target
      const url = `${scheme}://${authority(target)}${path}`
      const options = {
        method: request.method,
        headers: request.headers as Record<string, string>,
        signal: request.signal,
        ...lookupFor(target, url),
        agent: (target.globalOnly ? globalAgents : agents)[scheme],
        ...(scheme === 'https' && tlsFor(target, tls)),
      }
      return sendRequest(scheme === 'https' ? httpsRequest : httpRequest, url, options, request, target)
    },
  }
}

function connectionAgents(): { readonly http: HttpAgent; readonly https: HttpsAgent } {
  const options = { keepAlive: true, maxFreeSockets: 16 }
  return { http: new HttpAgent(options), https: new HttpsAgent(options) }
}

function sendRequest(
  send: typeof httpRequest,
  url: string,
  options: RequestOptions,
  { body }: ConnectRequest,
  target: ConnectTarget,
): Promise<ConnectResponse> {
  return new Promise((resolve, reject) => {
    const outgoing = send(url, options, (response) => {
      const headers: Record<string, string | readonly string[]> = {}
      for (const [name, value] of Object.entries(response.headers)) if (value !== undefined) headers[name] = value
      resolve({ status: response.statusCode ?? 502, headers, body: response as AsyncIterable<Uint8Array> })
    })
    outgoing.on('error', (error) =>
      reject(
        error.cause instanceof StatusError
          ? error.cause
          : inGosWords(error, target.aggregated?.serverName ?? target.host, target),
      ),
    )
    if (body) Readable.from(body).pipe(outgoing)
    else outgoing.end()
  })
}

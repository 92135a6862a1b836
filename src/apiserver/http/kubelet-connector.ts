import { Agent as HttpAgent, request as httpRequest, type RequestOptions } from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'
import {
  authority,
  type Connector,
  type ConnectRequest,
  type ConnectResponse,
  type ConnectTarget,
} from '../registry/connect/connector.ts'
import { Readable } from 'node:stream'
import { inGosWords } from './go-errors.ts'

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
): Pick<
  RequestOptions & { ca?: string; cert?: string; key?: string; rejectUnauthorized?: boolean; servername?: string },
  'ca' | 'cert' | 'key' | 'rejectUnauthorized' | 'servername'
> {
  if (target.aggregated) {
    const { serverName: servername, ca } = target.aggregated
    return { ...frontProxy, servername, ...(ca !== undefined && { ca }), rejectUnauthorized: !target.insecure }
  }
  const known = target.node !== undefined ? kubelet : undefined
  return {
    ...(known && { cert: known.cert, key: known.key }),
    ...(known?.ca && !target.insecure ? { ca: known.ca } : { rejectUnauthorized: false }),
  }
}

/** Reaches nodes, pods and Services over the network, with connections kept alive. */
export function networkConnector(tls: ConnectTls): Connector {
  const plain = new HttpAgent({ keepAlive: true, maxFreeSockets: 16 })
  const secure = new HttpsAgent({ keepAlive: true, maxFreeSockets: 16 })
  return {
    request(target, request) {
      const { scheme, path } = target
      const url = `${scheme}://${authority(target)}${path}`
      const options = {
        method: request.method,
        headers: request.headers as Record<string, string>,
        signal: request.signal,
        agent: scheme === 'https' ? secure : plain,
        ...(scheme === 'https' && tlsFor(target, tls)),
      }
      return sendRequest(scheme === 'https' ? httpsRequest : httpRequest, url, options, request, target)
    },
  }
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
    outgoing.on('error', (error) => reject(inGosWords(error, target.aggregated?.serverName ?? target.host, target)))
    if (body) Readable.from(body).pipe(outgoing)
    else outgoing.end()
  })
}

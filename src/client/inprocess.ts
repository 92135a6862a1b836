import type { ApiRequest, ApiResponse, Transport } from './transport.ts'

/** What an API server in the same process takes requests with, for a caller that needs no proof of who it is. */
export type InProcessHandler<Identity> = (request: ApiRequest, identity: Identity) => Promise<ApiResponse>

/** A transport into an API server in the same process, as `identity`. */
export function inProcessTransport<Identity>(handle: InProcessHandler<Identity>, identity: Identity): Transport {
  return { request: async (request) => decoded(await handle(request, identity)), steady: true }
}

/** Documents that the server keeps encoded, such as discovery, come as text. */
function decoded(response: ApiResponse): ApiResponse {
  const { body, headers } = response
  if (typeof body !== 'string' || !headers['content-type']?.startsWith('application/json')) return response
  return { ...response, body: JSON.parse(body) as unknown }
}

import type { Connector } from '../../apiserver/registry/connect/connector.ts'
import { UpgradeRefusedError } from '../../apiserver/streaming/upgrade-target.ts'
import { type NodeApi, NodeApiError } from '../../kubelet/server/api.ts'

/** A node agent of the same process, as the API server asks it: no socket lies between them. */
export function localNode(api: NodeApi): Connector {
  return {
    async request({ path }, { method, signal }) {
      const { status, contentType, location, body } = await api.request({ method, path, signal })
      const headers = { 'content-type': contentType, ...(location !== undefined && { location }) }
      return { status, headers, body: typeof body === 'string' ? once(body) : body }
    },
    async sessionUrl({ path }) {
      try {
        return await api.stream(path)
      } catch (error) {
        throw error instanceof NodeApiError ? new UpgradeRefusedError(error.status, error.message) : error
      }
    },
  }
}

async function* once(text: string): AsyncIterable<Uint8Array> {
  yield new TextEncoder().encode(text)
}

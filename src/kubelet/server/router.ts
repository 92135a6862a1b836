import { pods as podResource } from '../../api/core/v1/pod.ts'
import { textOf } from '../start-error.ts'
import { json, NodeApiError, text, type NodeApi, type NodeRequest, type NodeResponse } from './api.ts'
import { containerLogs } from './container-logs.ts'
import type { ServerContext } from './context.ts'
import { agentMetrics, resourceMetrics } from './metrics.ts'
import { openSession, runCommand } from './sessions.ts'
import { statsSummary } from './stats.ts'
import { orphanOf } from '../pod/orphan.ts'

type Handler = (
  context: ServerContext,
  /** The path's parts after the route. */
  parts: readonly string[],
  query: URLSearchParams,
  request: NodeRequest,
) => NodeResponse | Promise<NodeResponse>

const metricsText = (body: string): NodeResponse => ({
  status: 200,
  contentType: 'text/plain; version=0.0.4; charset=utf-8',
  body,
})

/** The longest route that a path begins with answers it. */
const ROUTES: Readonly<Record<string, Handler>> = {
  '/healthz': () => text('ok'),
  '/pods': ({ workers }) => json(podList(workers.pods())),
  '/runningpods': ({ means }) => json(podList([...means.observed.all()].map(orphanOf))),
  '/containerLogs': containerLogs,
  '/run': runCommand,
  '/stats/summary': async (context) => json(await statsSummary(context)),
  '/metrics': (context) => metricsText(agentMetrics(context)),
  '/metrics/resource': async (context) => metricsText(await resourceMetrics(context)),
  '/configz': ({ config }) => json({ kubeletconfig: config }),
}

function podList(items: readonly object[]): object {
  return { kind: podResource.listKind, apiVersion: podResource.version, metadata: {}, items }
}

/** The node agent's answers by path. */
export function nodeApi(context: ServerContext): NodeApi {
  return {
    stream: (path) => openSession(context, path),
    async request(request) {
      const { pathname, searchParams } = new URL(request.path, 'http://node')
      const parts = pathname.split('/').filter(Boolean)
      for (let depth = parts.length; depth > 0; depth--) {
        const handler = ROUTES[`/${parts.slice(0, depth).join('/')}`]
        if (handler)
          return answer(() => handler(context, parts.slice(depth).map(decodeURIComponent), searchParams, request))
      }
      return text('404 page not found\n', 404)
    },
  }
}

async function answer(handle: () => NodeResponse | Promise<NodeResponse>): Promise<NodeResponse> {
  try {
    return await handle()
  } catch (error) {
    return text(textOf(error), error instanceof NodeApiError ? error.status : 500)
  }
}

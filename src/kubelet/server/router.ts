import { pods as podResource } from '../../api/core/v1/pod.ts'
import { textOf } from '../start-error.ts'
import { json, NodeApiError, text, type NodeApi, type NodeRequest, type NodeResponse } from './api.ts'
import { containerLogs } from './container-logs.ts'
import type { ServerContext } from './context.ts'
import { getOwn } from '../../lib/own.ts'
import { isPlain, readNodePath, type UnplainPath } from './node-path.ts'
import { agentMetrics, resourceMetrics } from './metrics.ts'
import { NODE_LOGS_DIR, nodeLogs } from './node-logs.ts'
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
  '/logs': systemLogs,
  '/run': runCommand,
  '/stats/summary': async (context) => json(await statsSummary(context)),
  '/metrics': (context) => metricsText(agentMetrics(context)),
  '/metrics/resource': async (context) => metricsText(await resourceMetrics(context)),
  '/configz': ({ config }) => json({ kubeletconfig: config }),
}

/** Routes of one method; the others take any, as upstream's do. */
const METHODS: Readonly<Record<string, string>> = {
  '/pods': 'GET',
  '/runningpods': 'GET',
  '/containerLogs': 'GET',
  '/logs': 'GET',
  '/stats/summary': 'GET',
  '/run': 'POST',
}

function systemLogs(
  { config, means }: ServerContext,
  _: unknown,
  __: unknown,
  { path }: NodeRequest,
): Promise<NodeResponse> | NodeResponse {
  if (!config.enableSystemLogHandler) return text('logs endpoint is disabled.\n', 405)
  const plain = readNodePath(path)
  return isPlain(plain) ? nodeLogs(means.host.files, NODE_LOGS_DIR, plain.pathname) : elsewhere(plain)
}

function podList(items: readonly object[]): object {
  return { kind: podResource.listKind, apiVersion: podResource.version, metadata: {}, items }
}

/** The node agent's answers by path. */
export function nodeApi(context: ServerContext): NodeApi {
  return {
    stream: (path) => openSession(context, path),
    async request(request) {
      const path = readNodePath(request.path)
      if (!isPlain(path)) return elsewhere(path)
      const { parts, query } = path
      for (let depth = parts.length; depth > 0; depth--) {
        const route = `/${parts.slice(0, depth).join('/')}`
        const handler = getOwn(ROUTES, route)
        if (!handler) continue
        const method = getOwn(METHODS, route)
        if (method !== undefined && method !== request.method) return text('405: Method Not Allowed', 405)
        return answer(() => handler(context, parts.slice(depth), query, request))
      }
      return text('404 page not found\n', 404)
    },
  }
}

/** The answer to a path that is not written plainly. */
export function elsewhere({ status, location }: UnplainPath): NodeResponse {
  if (location === undefined) return text('400 Bad Request', status)
  return { ...text(`<a href=${JSON.stringify(location)}>Moved Permanently</a>.\n`, status), location }
}

async function answer(handle: () => NodeResponse | Promise<NodeResponse>): Promise<NodeResponse> {
  try {
    return await handle()
  } catch (error) {
    return text(textOf(error), error instanceof NodeApiError ? error.status : 500)
  }
}

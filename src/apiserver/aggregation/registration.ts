import type { ApiServer } from '../server.ts'
import { handle } from '../inprocess/handle.ts'
import type { Mirror } from '../mirror/mirror.ts'
import type { APIService } from '../../api/generated/types/apiregistration/v1.ts'
import type { KubeObject } from '../../apimachinery/meta.ts'
import { builtInPriority, CUSTOM_PRIORITY } from './priorities.ts'

/** Says how an APIService is kept by the server itself: made at start, or kept in step with what is served. */
export const AUTO_MANAGED = 'kube-aggregator.kubernetes.io/automanaged'
const SELF = { name: 'system:apiserver', groups: ['system:masters', 'system:authenticated'] }
const PATH = '/apis/apiregistration.k8s.io/v1/apiservices'
const OWN_GROUP = 'apiregistration.k8s.io'

/** The APIServices of what is built in. */
export function builtInApiServices(server: ApiServer): object[] {
  return server.resources
    .groups()
    .filter(({ name }) => name !== OWN_GROUP)
    .flatMap(({ name, versions }) =>
      versions
        .filter(({ resources }) => resources.some((one) => isBuiltIn(server, one)))
        .map(({ version }) => apiService(name, version, 'onstart', builtInPriority(name, version))),
    )
}

/** Brings the APIServices of custom resources in step with what is served. Rejects when the store refuses. */
export async function registerCustom(server: ApiServer, known: Mirror<APIService & KubeObject>): Promise<void> {
  const wanted = customVersions(server)
  for (const [name, { group, version }] of wanted) {
    if (!known.get(name)) await send(server, 'POST', PATH, apiService(group, version, 'true', CUSTOM_PRIORITY))
  }
  for (const { metadata } of known.all()) {
    const { name = '', labels, deletionTimestamp } = metadata
    if (labels?.[AUTO_MANAGED] !== 'true' || wanted.has(name) || deletionTimestamp) continue
    await send(server, 'DELETE', `${PATH}/${name}`, undefined)
  }
}

function customVersions(server: ApiServer): Map<string, { readonly group: string; readonly version: string }> {
  const found = new Map<string, { readonly group: string; readonly version: string }>()
  for (const { custom, definition } of server.resources.all()) {
    if (custom) found.set(`${definition.version}.${definition.group}`, definition)
  }
  return found
}

function isBuiltIn(server: ApiServer, { group, version, plural }: { group: string; version: string; plural: string }) {
  return server.resources.find(group, version, plural)?.custom === undefined
}

function apiService(
  group: string,
  version: string,
  managed: string,
  priority: { readonly group: number; readonly version: number },
): object {
  return {
    metadata: { name: `${version}.${group}`, labels: { [AUTO_MANAGED]: managed } },
    spec: { group, version, groupPriorityMinimum: priority.group, versionPriority: priority.version },
  }
}

async function send(server: ApiServer, method: string, path: string, body: unknown): Promise<void> {
  const headers = { 'user-agent': 'kube-apiserver' }
  const answer = await handle(server, { method, path, headers, body }, SELF)
  if (answer.status < 300 || answer.status === 404 || answer.status === 409) return
  const { message = '' } = answer.body as { message?: string }
  throw new Error(`cannot register ${path}: ${message}`)
}

import type { APIService } from '../../api/generated/types/apiregistration/v1.ts'
import type { Frozen, KubeObject } from '../../apimachinery/meta.ts'

export type ApiService = Frozen<APIService & KubeObject>

/** An APIService that a Service answers for. */
export interface RemoteApiService {
  readonly name: string
  readonly group: string
  readonly version: string
  readonly groupPriority: number
  readonly versionPriority: number
  readonly service: { readonly namespace: string; readonly name: string; readonly port: number }
  /** In PEM; those of the host when absent. */
  readonly ca: string | undefined
  readonly insecure: boolean
  readonly available: boolean
}

/** What matters of an APIService for those who pass requests on; undefined for one that this server answers itself. */
export function remoteOf({ metadata, spec, status }: ApiService): RemoteApiService | undefined {
  const { service, group = '', version = '', caBundle } = spec
  if (!service) return undefined
  return {
    name: metadata.name ?? '',
    group,
    version,
    groupPriority: spec.groupPriorityMinimum,
    versionPriority: spec.versionPriority,
    service: { namespace: service.namespace ?? '', name: service.name ?? '', port: service.port ?? 443 },
    ca: caBundle ? atob(caBundle) : undefined,
    insecure: spec.insecureSkipTLSVerify ?? false,
    available: status?.conditions?.some((one) => one.type === 'Available' && one.status === 'True') ?? false,
  }
}

/** Where a group and version is served, without a slash in front: `api/v1`, `apis/apps/v1`. */
export function rootOf({ group, version }: { readonly group: string; readonly version: string }): string {
  return group === '' ? `api/${version}` : `apis/${group}/${version}`
}

import type { Frozen } from '../../../apimachinery/meta.ts'
import { ageColumn, nameColumn, text } from '../../columns.ts'
import { defineResource } from '../../define.ts'
import type { ResourceQuota } from '../../generated/types/core/v1.ts'
import { validateQuota, validateQuotaStatus, validateQuotaUpdate } from './resourcequota-validate.ts'
import { compareAmounts, roundUpQuantities } from './resource-list.ts'

/** Everything the system knows about ResourceQuota. */
export const resourceQuotas = defineResource<ResourceQuota>({
  group: '',
  version: 'v1',
  kind: 'ResourceQuota',
  plural: 'resourcequotas',
  shortNames: ['quota'],
  scope: 'Namespaced',
  storagePrefix: '/registry/resourcequotas',
  schema: 'io.k8s.api.core.v1.ResourceQuota',
  returnsDeletedObject: true,
  status: true,
  defaults(quota) {
    quota.spec ??= {}
    roundUpQuantities(quota.spec.hard)
    roundUpQuantities(quota.status?.hard)
    roundUpQuantities(quota.status?.used)
  },
  validate: validateQuota,
  validateUpdate: validateQuotaUpdate,
  validateStatusUpdate: validateQuotaStatus,
  *warnings({ spec }, old) {
    if (!old) yield* requestsAboveLimits(spec?.hard ?? {})
  },
  columns: [
    nameColumn,
    text('Request', (quota) => usageCell(quota, (name) => !name.startsWith('limits.'))),
    text('Limit', (quota) => usageCell(quota, (name) => name.startsWith('limits.'))),
    ageColumn,
  ],
})

function usageCell({ status }: Frozen<ResourceQuota>, shown: (name: string) => boolean): string {
  return Object.entries(status?.hard ?? {})
    .filter(([name]) => shown(name))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, hard]) => `${name}: ${status?.used?.[name] ?? 0}/${hard}`)
    .join(', ')
}

function* requestsAboveLimits(hard: Readonly<Record<string, string | number>>): Iterable<string> {
  for (const resource of ['cpu', 'memory', 'ephemeral-storage']) {
    const bare = resource !== 'ephemeral-storage' && hard[`requests.${resource}`] === undefined
    const name = bare ? resource : `requests.${resource}`
    const request = hard[name]
    const limit = hard[`limits.${resource}`]
    if (request !== undefined && limit !== undefined && compareAmounts(request, limit) > 0) {
      yield `ResourceQuota ${name} (${request}) should be less than limits.${resource} (${limit})`
    }
  }
}

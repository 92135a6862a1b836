import { timestamp, type Frozen } from '../../../apimachinery/meta.ts'
import { conditionOf } from '../../core/v1/pod-conditions.ts'
import { ageColumn, nameColumn, text } from '../../columns.ts'
import type { APIService, APIServiceCondition } from '../../generated/types/apiregistration/v1.ts'
import { validateApiService, validateApiServiceStatus } from './service-validate.ts'
import { nameIsPathSegment } from '../../../apimachinery/validation/names.ts'
import { defineResource } from '../../define.ts'

/** Everything the system knows about APIService. */
export const apiServices = defineResource<APIService>({
  group: 'apiregistration.k8s.io',
  version: 'v1',
  kind: 'APIService',
  plural: 'apiservices',
  categories: ['api-extensions'],
  scope: 'Cluster',
  storagePrefix: '/registry/apiregistration.k8s.io/apiservices',
  schema: 'io.k8s.kube-aggregator.pkg.apis.apiregistration.v1.APIService',
  status: true,
  requireResourceVersionOnUpdate: true,
  defaults({ spec }) {
    if (spec?.service) spec.service.port ??= 443
  },
  prepareForCreate(apiService, { env }) {
    if (!apiService.spec?.service) apiService.status = { conditions: [locallyAvailable(env.clock.now())] }
  },
  validateName: nameIsPathSegment,
  validate: validateApiService,
  validateStatusUpdate: validateApiServiceStatus,
  columns: [
    nameColumn,
    text('Service', ({ spec }) =>
      spec?.service ? `${spec.service.namespace ?? ''}/${spec.service.name ?? ''}` : 'Local',
    ),
    text('Available', availableCell),
    ageColumn,
  ],
})

function availableCell({ status }: Frozen<APIService>): string {
  const condition = conditionOf(status?.conditions, 'Available')
  if (!condition) return 'Unknown'
  const said = condition.status !== 'True' && condition.reason
  return said ? `${condition.status} (${condition.reason})` : condition.status
}

/** What names no service is served by this server, and so is there at once. */
function locallyAvailable(now: number): APIServiceCondition {
  return {
    type: 'Available',
    status: 'True',
    lastTransitionTime: timestamp(now),
    reason: 'Local',
    message: 'Local APIServices are always available',
  }
}

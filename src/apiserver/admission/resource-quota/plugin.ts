import { resourceQuotas } from '../../../api/core/v1/resourcequota.ts'
import type { Pod } from '../../../api/generated/types/core/v1.ts'
import type { Frozen, KubeObject } from '../../../apimachinery/meta.ts'
import { bareError } from '../../registry/revision.ts'
import { admissionForbidden, resourceName } from '../forbidden.ts'
import type { AdmissionSources } from '../sources.ts'
import type { AdmissionAttributes, AdmissionPlugin } from '../types.ts'
import { QuotaLedger } from './ledger.ts'
import type { LimitedResource } from './limited.ts'

const BY_NAMESPACE = 'namespace'

/** Nothing is kept of these, or too much of it comes and goes. */
const UNCOUNTED: ReadonlySet<string> = new Set([
  'bindings',
  'events',
  'events.events.k8s.io',
  'localsubjectaccessreviews.authorization.k8s.io',
])

/** These can use more after an update; of all others only new objects count. */
const MEASURED_ON_UPDATE: ReadonlySet<string> = new Set([
  'services',
  'persistentvolumeclaims',
  'resourceclaims.resource.k8s.io',
])

/** Charges what a request adds to the ResourceQuotas of its namespace before it is stored (upstream's ResourceQuota). */
export function resourceQuota(
  { mirrors, store, env }: AdmissionSources,
  limited: readonly LimitedResource[] = [],
): AdmissionPlugin {
  const mirror = mirrors.of(resourceQuotas).index(BY_NAMESPACE, ({ metadata }) => [metadata.namespace ?? ''])
  const ledger = new QuotaLedger(store, env.clock, limited)
  return {
    name: 'ResourceQuota',
    handles: (operation) => operation === 'CREATE' || operation === 'UPDATE',
    async validate(attributes) {
      const { object, oldObject, namespace, dryRun } = attributes
      if (!object || !isMeasured(attributes)) return
      if (limited.length === 0 && mirror.by(BY_NAMESPACE, namespace).length === 0) return
      const isStatus = attributes.subresource === 'status'
      const request = { resource: resourceName(attributes), object, oldObject, isStatus }
      const refusal = await ledger.charge(namespace, request, dryRun)
      if (refusal) throw refusal.isBare ? bareError(refusal.why) : admissionForbidden(attributes, refusal.why)
    },
  }
}

function isMeasured(attributes: AdmissionAttributes): boolean {
  const { operation, subresource, namespace, definition } = attributes
  const resource = resourceName(attributes)
  if (namespace === '' || definition.scope !== 'Namespaced' || UNCOUNTED.has(resource)) return false
  if (subresource === 'resize' && resource === 'pods') return operation === 'UPDATE'
  if (subresource === 'status' && resource === 'persistentvolumeclaims') return operation === 'UPDATE'
  if (subresource !== '') return false
  if (operation === 'CREATE' || MEASURED_ON_UPDATE.has(resource)) return true
  return resource === 'pods' && isEnding(attributes.object) !== isEnding(attributes.oldObject)
}

/** Whether a pod has a deadline: it then is of another scope. */
function isEnding(pod: Frozen<KubeObject> | undefined): boolean {
  return (pod as Frozen<Pod> | undefined)?.spec.activeDeadlineSeconds !== undefined
}

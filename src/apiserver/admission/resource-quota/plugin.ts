import { resourceQuotas } from '../../../api/core/v1/resourcequota.ts'
import { admissionForbidden, resourceName } from '../forbidden.ts'
import type { AdmissionSources } from '../sources.ts'
import type { AdmissionAttributes, AdmissionPlugin } from '../types.ts'
import { QuotaLedger } from './ledger.ts'

const BY_NAMESPACE = 'namespace'

/** Nothing is kept of these, or too much of it comes and goes. */
const UNCOUNTED: ReadonlySet<string> = new Set([
  'bindings',
  'events',
  'events.events.k8s.io',
  'localsubjectaccessreviews.authorization.k8s.io',
])

/** These can use more after an update; of all others only new objects count. */
const MEASURED_ON_UPDATE: ReadonlySet<string> = new Set(['services', 'persistentvolumeclaims'])

/** Charges what a request adds to the ResourceQuotas of its namespace before it is stored (upstream's ResourceQuota). */
export function resourceQuota({ mirrors, store, env }: AdmissionSources): AdmissionPlugin {
  const mirror = mirrors.of(resourceQuotas).index(BY_NAMESPACE, ({ metadata }) => [metadata.namespace ?? ''])
  const ledger = new QuotaLedger(store, env.clock)
  return {
    name: 'ResourceQuota',
    handles: (operation) => operation === 'CREATE' || operation === 'UPDATE',
    async validate(attributes) {
      const { object, oldObject, namespace, dryRun } = attributes
      if (!object || !isMeasured(attributes) || mirror.by(BY_NAMESPACE, namespace).length === 0) return
      const request = { resource: resourceName(attributes), object, oldObject }
      const refusal = await ledger.charge(namespace, request, dryRun)
      if (refusal !== undefined) throw admissionForbidden(attributes, refusal)
    },
  }
}

function isMeasured(attributes: AdmissionAttributes): boolean {
  const { operation, subresource, namespace, definition } = attributes
  const resource = resourceName(attributes)
  if (namespace === '' || definition.scope !== 'Namespaced' || UNCOUNTED.has(resource)) return false
  if (subresource === 'resize' && resource === 'pods') return operation === 'UPDATE'
  if (subresource !== '') return false
  return operation === 'CREATE' || MEASURED_ON_UPDATE.has(resource)
}

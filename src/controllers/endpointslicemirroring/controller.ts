import type { EndpointSlice } from '../../api/generated/types/discovery/v1.ts'
import type { Endpoints } from '../../api/generated/types/core/v1.ts'
import { endpoints, endpointSlices, services } from '../../api/index.ts'
import { keyOf, type Frozen } from '../../apimachinery/meta.ts'
import { hasReason } from '../../apimachinery/status.ts'
import { defineController, done, indexes, watches } from '../../client/controller.ts'
import { MANAGED_BY, SERVICE_NAME } from '../endpointslice/plan.ts'
import { isNamespaceTerminating } from '../pods/write.ts'
import { hasSelector } from '../services/membership.ts'
import { MIRROR_NAME, planMirror } from './plan.ts'

const BY_SERVICE = 'mirrored'
const SKIP = 'endpointslice.kubernetes.io/skip-mirror'
const LEADER = 'control-plane.alpha.kubernetes.io/leader'
const MADE_BY_US = 'endpoints.kubernetes.io/managed-by'

/** Shows Endpoints that somebody wrote for a Service without selector as EndpointSlices, which is what proxies and DNS read. */
export const endpointSliceMirroringController = defineController({
  name: 'endpointslicemirroring',
  component: 'endpoint-slice-mirroring-controller',
  for: endpoints,
  watches: [
    watches({
      resource: services,
      keys: (now, old) => [now ?? old].filter((service) => service !== undefined).map(keyOf),
    }),
    watches({ resource: endpointSlices, keys: (now, old) => [...mirrorKeys(now), ...mirrorKeys(old)] }),
  ],
  indexes: [indexes(endpointSlices, BY_SERVICE, mirrorKeys)],
  coalesceMs: 20,
  async reconcile(key, { lister, client }) {
    const source = lister(endpoints).get(key)
    const service = lister(services).get(key)
    const existing = lister(endpointSlices).byIndex(BY_SERVICE, key)
    const isMirrored = source && service && !hasSelector(service) && wantsMirror(source)
    const slices = client(endpointSlices)
    const plan = isMirrored ? planMirror(source, existing) : { create: [], update: [], remove: existing }
    try {
      for (const slice of plan.create) await slices.create(slice)
      for (const slice of plan.update) await slices.update(slice)
      for (const slice of plan.remove) await slices.delete(slice)
    } catch (error) {
      if (!isNamespaceTerminating(error) && !hasReason(error, 'NotFound')) throw error
    }
    return done
  },
})

function mirrorKeys(slice: Frozen<EndpointSlice> | undefined): readonly string[] {
  const { namespace, labels } = slice?.metadata ?? {}
  const name = labels?.[SERVICE_NAME]
  return name && labels[MANAGED_BY] === MIRROR_NAME ? [`${namespace}/${name}`] : []
}

function wantsMirror({ metadata }: Frozen<Endpoints>): boolean {
  const { labels = {}, annotations = {} } = metadata
  return labels[SKIP] !== 'true' && labels[MADE_BY_US] === undefined && annotations[LEADER] === undefined
}

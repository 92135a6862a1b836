import { goQuote } from '../../../lib/quote.ts'
import { timestamp } from '../../../apimachinery/meta.ts'
import { ageColumn, nameColumn, text } from '../../columns.ts'
import type { ResourceSlice } from '../../generated/types/resource/v1.ts'
import { validateSlice, validateSliceUpdate } from './slice-validate.ts'
import { defineResource } from '../../define.ts'

/** Everything the system knows about ResourceSlice. */
export const resourceSlices = defineResource<ResourceSlice>({
  group: 'resource.k8s.io',
  version: 'v1',
  kind: 'ResourceSlice',
  plural: 'resourceslices',
  scope: 'Cluster',
  storagePrefix: '/registry/resourceslices',
  schema: 'io.k8s.api.resource.v1.ResourceSlice',
  returnsDeletedObject: true,
  hasGeneration: true,
  defaults({ spec }, { env }) {
    for (const device of spec?.devices ?? []) {
      for (const taint of device.taints ?? []) taint.timeAdded ??= timestamp(env.clock.now())
      for (const mapping of Object.values(device.nodeAllocatableResourceMappings ?? {}))
        mapping.allocationMultiplier ??= '1'
    }
  },
  *warnings({ spec }) {
    if (spec.driver !== spec.driver.toLowerCase()) {
      yield `spec.driver: driver names should be lowercase; ${goQuote(spec.driver)} contains uppercase characters`
    }
  },
  selectableFields: {
    'spec.nodeName': ({ spec }) => spec.nodeName ?? '',
    'spec.driver': ({ spec }) => spec.driver ?? '',
  },
  validate: validateSlice,
  validateUpdate: validateSliceUpdate,
  columns: [
    nameColumn,
    text('Node', ({ spec }) => spec.nodeName ?? ''),
    text('Driver', ({ spec }) => spec.driver ?? ''),
    text('Pool', ({ spec }) => spec.pool?.name ?? ''),
    ageColumn,
  ],
})

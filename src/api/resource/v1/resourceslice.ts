import { semanticEqual } from '../../../apimachinery/equality.ts'
import { goQuote } from '../../../lib/quote.ts'
import { type Frozen, timestamp } from '../../../apimachinery/meta.ts'
import { ageColumn, nameColumn, text } from '../../columns.ts'
import type { DeviceAttribute, ResourceSlice, ResourceSliceSpec } from '../../generated/types/resource/v1.ts'
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
  prepareForCreate: ({ spec }) => dropDisabled(spec, undefined),
  prepareForUpdate({ metadata, spec }, old) {
    // What is dropped counts as a change all the same.
    if (!semanticEqual(spec, old.spec)) metadata.generation = (old.metadata.generation ?? 0) + 1
    dropDisabled(spec, old.spec)
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
  validateCreate: validateSlice,
  validateUpdate: validateSliceUpdate,
  columns: [
    nameColumn,
    text('Node', ({ spec }) => spec.nodeName ?? ''),
    text('Driver', ({ spec }) => spec.driver ?? ''),
    text('Pool', ({ spec }) => spec.pool?.name ?? ''),
    ageColumn,
  ],
})

const LISTS = ['bools', 'ints', 'strings', 'versions'] as const
type Spec = Frozen<ResourceSliceSpec>

const hasLists = (attribute: Frozen<DeviceAttribute>): boolean => LISTS.some((list) => attribute[list] !== undefined)
const usesLists = (spec: Spec | undefined): boolean =>
  (spec?.devices ?? []).some(({ attributes }) => Object.values(attributes ?? {}).some(hasLists))
const usesMappings = (spec: Spec | undefined): boolean =>
  (spec?.devices ?? []).some(({ nodeAllocatableResourceMappings }) => nodeAllocatableResourceMappings !== undefined)

/** The feature gates DRAListTypeAttributes and DRANodeAllocatableResources are off: only what used them before may. */
function dropDisabled(spec: ResourceSliceSpec, old: Spec | undefined): void {
  const [lists, mappings] = [usesLists(old), usesMappings(old)]
  for (const device of spec.devices ?? []) {
    if (!mappings) delete device.nodeAllocatableResourceMappings
    if (lists) continue
    for (const attribute of Object.values(device.attributes ?? {})) for (const list of LISTS) delete attribute[list]
  }
}

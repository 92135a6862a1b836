import type { LimitRange } from '../../generated/types/core/v1.ts'
import { defineResource } from '../../define.ts'

/** Everything the system knows about LimitRange. */
export const limitRanges = defineResource<LimitRange>({
  group: '',
  version: 'v1',
  kind: 'LimitRange',
  plural: 'limitranges',
  shortNames: ['limits'],
  scope: 'Namespaced',
  storagePrefix: '/registry/limitranges',
  schema: 'io.k8s.api.core.v1.LimitRange',
  allowCreateOnUpdate: true,
})

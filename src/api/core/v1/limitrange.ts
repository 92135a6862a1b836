import { defineResource } from '../../define.ts'
import { validateLimits } from './limitrange-validate.ts'
import type { LimitRange, LimitRangeItem } from '../../generated/types/core/v1.ts'
import { roundUpQuantities } from './resource-list.ts'

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
  defaults({ spec }) {
    for (const item of spec?.limits ?? []) defaultLimits(item)
  },
  validate: validateLimits,
})

/** For containers: the limit follows the maximum, the request follows the limit, or else the minimum. */
function defaultLimits(item: LimitRangeItem): void {
  for (const list of [item.max, item.min, item.default, item.defaultRequest, item.maxLimitRequestRatio]) {
    roundUpQuantities(list)
  }
  if (item.type !== 'Container') return
  const limits = { ...item.max, ...item.default }
  const requests = { ...item.min, ...limits, ...item.defaultRequest }
  if (Object.keys(limits).length > 0) item.default = limits
  if (Object.keys(requests).length > 0) item.defaultRequest = requests
}

import type { Frozen } from '../../../apimachinery/meta.ts'
import { type FieldError, invalid } from '../../../apimachinery/status.ts'
import { isExtendedResource } from '../../core/v1/resource-names.ts'
import type { DeviceClass } from '../../generated/types/resource/v1.ts'
import { CONFIGS, validateConfiguration, validateSelectors } from './configuration.ts'
import { validateItems } from './lists.ts'

/** ValidateDeviceClass, but for what expressions say. */
export function* validateDeviceClass({ spec }: Frozen<DeviceClass>): Iterable<FieldError> {
  const { selectors = [], config = [], extendedResourceName: name } = spec
  yield* validateSelectors(selectors, 'spec.selectors')
  yield* validateItems(config, CONFIGS, validateConfiguration, 'spec.config')
  if (name !== undefined && !isExtendedResource(name)) {
    yield invalid('spec.extendedResourceName', name, 'must be a valid extended resource name')
  }
}

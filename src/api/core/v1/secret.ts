import type { Secret } from '../../generated/types/core/v1.ts'
import { defineResource } from '../../define.ts'

/** Everything the system knows about Secret. */
export const secrets = defineResource<Secret>({
  group: '',
  version: 'v1',
  kind: 'Secret',
  plural: 'secrets',
  scope: 'Namespaced',
  storagePrefix: '/registry/secrets',
  schema: 'io.k8s.api.core.v1.Secret',
})

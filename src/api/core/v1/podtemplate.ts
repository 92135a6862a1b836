import type { PodTemplate } from '../../generated/types/core/v1.ts'
import { defineResource } from '../../define.ts'

/** Everything the system knows about PodTemplate. */
export const podTemplates = defineResource<PodTemplate>({
  group: '',
  version: 'v1',
  kind: 'PodTemplate',
  plural: 'podtemplates',
  scope: 'Namespaced',
  storagePrefix: '/registry/podtemplates',
  schema: 'io.k8s.api.core.v1.PodTemplate',
  hasGeneration: true,
})

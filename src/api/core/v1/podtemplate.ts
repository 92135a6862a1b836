import { templateWarnings } from './pod-spec/warnings.ts'
import { containerColumns, labelsCell, nameColumn, text } from '../../columns.ts'
import { defineResource } from '../../define.ts'
import type { PodTemplate } from '../../generated/types/core/v1.ts'
import { defaultPodTemplate } from './pod-spec/default.ts'
import { validatePodTemplate } from './pod-spec/template.ts'

/** Everything the system knows about PodTemplate. */
export const podTemplates = defineResource<PodTemplate>({
  group: '',
  version: 'v1',
  kind: 'PodTemplate',
  plural: 'podtemplates',
  scope: 'Namespaced',
  storagePrefix: '/registry/podtemplates',
  schema: 'io.k8s.api.core.v1.PodTemplate',
  returnsDeletedObject: true,
  hasGeneration: true,
  defaults(podTemplate) {
    defaultPodTemplate(podTemplate)
  },
  warnings: ({ metadata, template }, old) => templateWarnings(template, 'template', metadata, old?.metadata),
  validate: ({ template }) => validatePodTemplate(template, 'template'),
  columns: [
    nameColumn,
    ...containerColumns<PodTemplate>(({ template }) => template.spec.containers).map((column) => ({
      ...column,
      priority: 0,
    })),
    text('Pod Labels', ({ template }) => labelsCell(template.metadata?.labels)),
  ],
})

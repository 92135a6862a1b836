import { validateDaemonSet, validateDaemonSetStatus, validateDaemonSetUpdate } from './daemonset-validate.ts'
import { templateWarnings } from '../../core/v1/pod-spec/warnings.ts'
import { defaultPodTemplate } from '../../core/v1/pod-spec/default.ts'
import { formatLabelSelector } from '../../../apimachinery/labels/label-selector.ts'
import { semanticEqual } from '../../../apimachinery/equality.ts'
import { ageColumn, containerColumns, integer, labelsCell, nameColumn, text, wide } from '../../columns.ts'
import type { DaemonSet } from '../../generated/types/apps/v1.ts'
import { defineResource } from '../../define.ts'

/** Everything the system knows about DaemonSet. */
export const daemonSets = defineResource<DaemonSet>({
  group: 'apps',
  version: 'v1',
  kind: 'DaemonSet',
  plural: 'daemonsets',
  shortNames: ['ds'],
  categories: ['all'],
  scope: 'Namespaced',
  storagePrefix: '/registry/daemonsets',
  schema: 'io.k8s.api.apps.v1.DaemonSet',
  status: true,
  hasGeneration: true,
  defaults: defaultDaemonSet,
  prepareForCreate({ metadata }) {
    setTemplateGeneration(metadata, 1)
  },
  prepareForUpdate({ metadata, spec }, old, { subresource }) {
    if (subresource !== '') return
    const before = templateGeneration(old.metadata)
    setTemplateGeneration(metadata, semanticEqual(spec.template, old.spec.template) ? before : before + 1)
  },
  validateCreate: validateDaemonSet,
  validateUpdate: validateDaemonSetUpdate,
  validateStatusUpdate: validateDaemonSetStatus,
  warnings: ({ metadata, spec }, old) => templateWarnings(spec.template, 'spec.template', metadata, old?.metadata),
  columns: [
    nameColumn,
    integer('Desired', ({ status }) => status?.desiredNumberScheduled),
    integer('Current', ({ status }) => status?.currentNumberScheduled),
    integer('Ready', ({ status }) => status?.numberReady),
    integer('Up-to-date', ({ status }) => status?.updatedNumberScheduled),
    integer('Available', ({ status }) => status?.numberAvailable),
    text('Node Selector', ({ spec }) => labelsCell(spec.template.spec.nodeSelector)),
    ageColumn,
    ...containerColumns<DaemonSet>(({ spec }) => spec.template.spec.containers),
    wide(text('Selector', ({ spec }) => formatLabelSelector(spec.selector))),
  ],
})

function defaultDaemonSet(set: DaemonSet): void {
  const spec = (set.spec ??= { selector: {}, template: { spec: { containers: [] } } })
  spec.revisionHistoryLimit ??= 10
  const strategy = (spec.updateStrategy ??= {})
  strategy.type ||= 'RollingUpdate'
  if (strategy.type === 'RollingUpdate') {
    const rolling = (strategy.rollingUpdate ??= {})
    rolling.maxUnavailable ??= 1
    rolling.maxSurge ??= 0
  }
  defaultPodTemplate(spec)
}

/** apps/v1 has no field for the generation of the template; it lives on as an annotation. */
export const TEMPLATE_GENERATION = 'deprecated.daemonset.template.generation'

/** The generation of the template, 0 when nothing valid is noted. */
export function templateGeneration({
  annotations,
}: {
  readonly annotations?: Readonly<Record<string, string>>
}): number {
  const text = annotations?.[TEMPLATE_GENERATION] ?? ''
  return /^-?\d{1,15}$/.test(text) ? Number(text) : 0
}

function setTemplateGeneration(metadata: { annotations?: Record<string, string> }, atLeast: number): void {
  const generation = Math.max(atLeast, 1)
  ;(metadata.annotations ??= {})[TEMPLATE_GENERATION] = String(generation)
}

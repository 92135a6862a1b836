import { validateDeployment, validateDeploymentStatus, validateDeploymentUpdate } from './deployment-validate.ts'
import { templateWarnings } from '../../core/v1/pod-spec/warnings.ts'
import { nameWarnings } from '../../core/v1/pod-spec/name-warnings.ts'
import { defaultPodTemplate } from '../../core/v1/pod-spec/default.ts'
import { formatLabelSelector } from '../../../apimachinery/labels/label-selector.ts'
import { semanticEqual } from '../../../apimachinery/equality.ts'
import { ageColumn, containerColumns, nameColumn, text, wide } from '../../columns.ts'
import type { Deployment } from '../../generated/types/apps/v1.ts'
import { defineResource } from '../../define.ts'

/** Everything the system knows about Deployment. */
export const deployments = defineResource<Deployment>({
  group: 'apps',
  version: 'v1',
  kind: 'Deployment',
  plural: 'deployments',
  shortNames: ['deploy'],
  categories: ['all'],
  scope: 'Namespaced',
  storagePrefix: '/registry/deployments',
  schema: 'io.k8s.api.apps.v1.Deployment',
  status: true,
  statusResets: ['metadata.labels'],
  scale: { replicas: '.spec.replicas', statusReplicas: '.status.replicas', selector: '.spec.selector' },
  hasGeneration: true,
  defaults: defaultDeployment,
  prepareForUpdate(deployment, old, { subresource }) {
    if (subresource !== '' || semanticEqual(deployment.metadata.annotations, old.metadata.annotations)) return
    // Annotations are copied to replica sets, so they count as a change of what is wanted.
    deployment.metadata.generation = (old.metadata.generation ?? 0) + 1
  },
  validate: validateDeployment,
  validateUpdate: validateDeploymentUpdate,
  validateStatusUpdate: validateDeploymentStatus,
  *warnings({ metadata, spec }, old) {
    if (!old) yield* nameWarnings(metadata.name)
    yield* templateWarnings(spec.template, 'spec.template', metadata, old?.metadata)
  },
  columns: [
    nameColumn,
    text('Ready', ({ spec, status }) => `${status?.readyReplicas ?? 0}/${spec.replicas ?? 0}`),
    text('Up-to-date', ({ status }) => status?.updatedReplicas ?? 0),
    text('Available', ({ status }) => status?.availableReplicas ?? 0),
    ageColumn,
    ...containerColumns<Deployment>(({ spec }) => spec.template.spec.containers),
    wide(text('Selector', ({ spec }) => formatLabelSelector(spec.selector))),
  ],
})

function defaultDeployment(deployment: Deployment): void {
  const spec = (deployment.spec ??= { selector: {}, template: { spec: { containers: [] } } })
  spec.replicas ??= 1
  spec.revisionHistoryLimit ??= 10
  spec.progressDeadlineSeconds ??= 600
  const strategy = (spec.strategy ??= {})
  strategy.type ||= 'RollingUpdate'
  if (strategy.type === 'RollingUpdate') {
    const rolling = (strategy.rollingUpdate ??= {})
    rolling.maxUnavailable ??= '25%'
    rolling.maxSurge ??= '25%'
  }
  defaultPodTemplate(spec)
}

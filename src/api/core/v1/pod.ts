import { nameWarnings } from './pod-spec/name-warnings.ts'
import { podSpecWarnings } from './pod-spec/warnings.ts'
import type { Frozen } from '../../../apimachinery/meta.ts'
import { defineResource } from '../../define.ts'
import type { Pod } from '../../generated/types/core/v1.ts'
import { podColumns, podRowConditions } from './pod-columns.ts'
import { defaultPod } from './pod-default.ts'
import { validatePodStatusUpdate } from './pod-status-validate.ts'
import { validatePod, validatePodCreate, validatePodUpdate } from './pod-validate.ts'
import { preparePodForCreate, preparePodForUpdate } from './pod-prepare.ts'

/** Everything the system knows about Pod. The spec, which workloads share, has its folder `pod-spec/`. */
export const pods = defineResource<Pod>({
  group: '',
  version: 'v1',
  kind: 'Pod',
  plural: 'pods',
  shortNames: ['po'],
  categories: ['all'],
  scope: 'Namespaced',
  storagePrefix: '/registry/pods',
  schema: 'io.k8s.api.core.v1.Pod',
  returnsDeletedObject: true,
  status: true,
  statusResets: ['metadata.deletionTimestamp', 'metadata.ownerReferences'],
  subresources: [
    { name: 'attach', verbs: ['create', 'get'], kind: 'PodAttachOptions' },
    { name: 'binding', verbs: ['create'], kind: 'Binding' },
    { name: 'ephemeralcontainers', verbs: ['get', 'patch', 'update'] },
    { name: 'eviction', verbs: ['create'], group: 'policy', version: 'v1', kind: 'Eviction' },
    { name: 'exec', verbs: ['create', 'get'], kind: 'PodExecOptions' },
    { name: 'log', verbs: ['get'] },
    { name: 'portforward', verbs: ['create', 'get'], kind: 'PodPortForwardOptions' },
    { name: 'proxy', verbs: ['create', 'delete', 'get', 'patch', 'update'], kind: 'PodProxyOptions' },
    { name: 'resize', verbs: ['get', 'patch', 'update'] },
  ],
  hasGeneration: true,
  defaults: defaultPod,
  prepareForCreate: preparePodForCreate,
  prepareForUpdate: preparePodForUpdate,
  validate: validatePod,
  validateCreate: validatePodCreate,
  validateUpdate: validatePodUpdate,
  validateStatusUpdate: validatePodStatusUpdate,
  *warnings({ metadata, spec }, old) {
    // People do not edit pods, and what writes them often would pay for it.
    if (old) return
    yield* nameWarnings(metadata.name, "the Pod's hostname")
    yield* podSpecWarnings(spec, metadata, '')
  },
  gracePeriodSeconds: podGracePeriod,
  selectableFields: {
    'spec.nodeName': ({ spec }) => spec.nodeName ?? '',
    // The oldest clients' name for it.
    'spec.host': ({ spec }) => spec.nodeName ?? '',
    'spec.restartPolicy': ({ spec }) => spec.restartPolicy ?? '',
    'spec.schedulerName': ({ spec }) => spec.schedulerName ?? '',
    'spec.serviceAccountName': ({ spec }) => spec.serviceAccountName ?? '',
    'spec.hostNetwork': ({ spec }) => String(spec.hostNetwork ?? false),
    'status.phase': ({ status }) => status?.phase ?? '',
    'status.podIP': ({ status }) => status?.podIPs?.[0]?.ip ?? '',
    'status.podIPs': ({ status }) => status?.podIPs?.[0]?.ip ?? '',
    'status.nominatedNodeName': ({ status }) => status?.nominatedNodeName ?? '',
  },
  columns: podColumns,
  rowConditions: podRowConditions,
})

/** CheckGracefulDelete: a pod that runs nowhere, or has ended, goes at once. */
function podGracePeriod({ spec, status }: Frozen<Pod>, asked: number | undefined): number {
  if (!spec.nodeName || status?.phase === 'Failed' || status?.phase === 'Succeeded') return 0
  const seconds = asked ?? spec.terminationGracePeriodSeconds ?? 0
  return seconds < 0 ? 1 : seconds
}

import type { Volume } from '../../../api/generated/types/core/v1.ts'
import type { Frozen } from '../../../apimachinery/meta.ts'
import { procMount, seccomp } from './baseline.ts'
import {
  type Check,
  containersOf,
  containersWhere,
  isRemapped,
  isWindows,
  named,
  plural,
  type PodLike,
  quoted,
  setters,
  sorted,
  type Violation,
} from './check.ts'

const VOLUMES = [
  'configMap',
  'csi',
  'downwardAPI',
  'emptyDir',
  'ephemeral',
  'image',
  'persistentVolumeClaim',
  'projected',
  'secret',
] as const

/** What the restricted level forbids beyond the baseline, in the order of their ids. */
export const RESTRICTED: readonly Check[] = [
  {
    id: 'allowPrivilegeEscalation',
    since: 8,
    find: (pod, minor) => (minor >= 25 && isWindows(pod) ? undefined : escalation(pod)),
  },
  {
    id: 'capabilities_restricted',
    since: 22,
    overrides: 'capabilities_baseline',
    find: (pod, minor) => (minor >= 25 && isWindows(pod) ? undefined : capabilities(pod)),
  },
  { id: 'procMount_restricted', since: 35, overrides: 'procMount', find: (pod) => procMount(pod) },
  { id: 'restrictedVolumes', since: 0, overrides: 'hostPathVolumes', find: volumes },
  { id: 'runAsNonRoot', since: 0, find: (pod, minor) => (isRemapped(pod, minor) ? undefined : nonRoot(pod)) },
  { id: 'runAsUser', since: 23, find: (pod, minor) => (isRemapped(pod, minor) ? undefined : rootUser(pod)) },
  {
    id: 'seccompProfile_restricted',
    since: 19,
    overrides: 'seccompProfile_baseline',
    find: (pod, minor) => (minor >= 25 && isWindows(pod) ? undefined : (seccomp(pod) ?? unsetSeccomp(pod))),
  },
]

function escalation(pod: PodLike): Violation | undefined {
  const containers = containersWhere(pod, ({ allowPrivilegeEscalation }) => allowPrivilegeEscalation !== false)
  if (containers.length === 0) return undefined
  return {
    reason: 'allowPrivilegeEscalation != false',
    detail: `${named(containers)} must set securityContext.allowPrivilegeEscalation=false`,
  }
}

function capabilities(pod: PodLike): Violation | undefined {
  const keeping = containersWhere(pod, ({ capabilities: own }) => !own?.drop?.includes('ALL'))
  const extra = (added: readonly string[] | undefined): string[] =>
    (added ?? []).filter((name) => name !== 'NET_BIND_SERVICE')
  const adding = containersWhere(pod, ({ capabilities: own }) => extra(own?.add).length > 0)
  const names = sorted(containersOf(pod).flatMap(({ securityContext }) => extra(securityContext?.capabilities?.add)))
  const details = [
    ...(keeping.length > 0 ? [`${named(keeping)} must set securityContext.capabilities.drop=["ALL"]`] : []),
    ...(adding.length > 0
      ? [`${named(adding)} must not include ${quoted(names)} in securityContext.capabilities.add`]
      : []),
  ]
  return details.length > 0 ? { reason: 'unrestricted capabilities', detail: details.join('; ') } : undefined
}

function volumes({ spec }: PodLike): Violation | undefined {
  const bad = (spec.volumes ?? []).filter((volume) => !VOLUMES.some((type) => volume[type]))
  if (bad.length === 0) return undefined
  const names = bad.map(({ name }) => name)
  const types = sorted(bad.map(typeOf))
  const uses = plural(bad.length, 'uses', 'use')
  const what = plural(types.length, 'restricted volume type')
  return {
    reason: 'restricted volume types',
    detail: `${plural(bad.length, 'volume')} ${quoted(names)} ${uses} ${what} ${quoted(types)}`,
  }
}

function typeOf(volume: Frozen<Volume>): string {
  return Object.keys(volume).find((field) => field !== 'name') ?? 'unknown'
}

function nonRoot(pod: PodLike): Violation | undefined {
  const reason = 'runAsNonRoot != true'
  const ofPod = pod.spec.securityContext?.runAsNonRoot
  const who = setters(
    ofPod === false,
    containersWhere(pod, ({ runAsNonRoot }) => runAsNonRoot === false),
  )
  if (who) return { reason, detail: `${who} must not set securityContext.runAsNonRoot=false` }
  const open = ofPod ? [] : containersWhere(pod, ({ runAsNonRoot }) => runAsNonRoot === undefined)
  if (open.length === 0) return undefined
  return { reason, detail: `pod or ${named(open)} must set securityContext.runAsNonRoot=true` }
}

function rootUser(pod: PodLike): Violation | undefined {
  const containers = containersWhere(pod, ({ runAsUser }) => runAsUser === 0)
  const who = setters(pod.spec.securityContext?.runAsUser === 0, containers)
  return who ? { reason: 'runAsUser=0', detail: `${who} must not set runAsUser=0` } : undefined
}

function unsetSeccomp(pod: PodLike): Violation | undefined {
  if (pod.spec.securityContext?.seccompProfile) return undefined
  const open = containersWhere(pod, ({ seccompProfile }) => !seccompProfile)
  if (open.length === 0) return undefined
  const detail = `pod or ${named(open)} must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost"`
  return { reason: 'seccompProfile', detail }
}

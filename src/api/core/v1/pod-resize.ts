import { semanticEqual } from '../../../apimachinery/equality.ts'
import type { Frozen } from '../../../apimachinery/meta.ts'
import { type FieldError, fieldForbidden, invalid } from '../../../apimachinery/status.ts'
import type { Container, Pod, ResourceList, ResourceRequirements } from '../../generated/types/core/v1.ts'
import { MIRROR_ANNOTATION } from './pod-spec/annotations.ts'
import { qosClass } from './pod-qos.ts'

/** ValidatePodResize (KEP-1287): cpu and memory of containers that run, and of the pod, within its QoS class. */
export function* validateResize(pod: Frozen<Pod>, old: Frozen<Pod>): Iterable<FieldError> {
  if (old.metadata.annotations?.[MIRROR_ANNOTATION] !== undefined) {
    return yield fieldForbidden('[]', 'static pods cannot be resized')
  }
  if (old.spec.os?.name === 'windows') return yield fieldForbidden('[]', 'windows pods cannot be resized')
  const before = old.status?.qosClass ?? qosClass(old)
  if (before !== qosClass(pod)) {
    yield invalid('spec', pod.status?.qosClass ?? '', 'Pod QOS Class may not change as a result of resizing')
  }
  if (!runsWhereResizable(old)) yield fieldForbidden('spec', 'Pod running on node without support for resize')
  yield* validatePodLevel(pod.spec.resources, old.spec.resources)
  if ((old.status?.nodeAllocatableResourceClaimStatuses ?? []).length > 0) {
    yield fieldForbidden('spec', 'pods with node allocatable resource claims cannot be resized')
  }
  const misplaced = [...validateOrder(pod, old)]
  if (misplaced.length > 0) return yield* misplaced
  yield* validateContainers(pod, old)
  const rest = withoutResized(pod)
  if (!semanticEqual(rest, withoutResized(old))) {
    yield fieldForbidden('spec', 'only cpu and memory resources are mutable')
  }
}

function runsWhereResizable({ status }: Frozen<Pod>): boolean {
  const running = status?.containerStatuses?.find(({ state }) => state?.running)
  return !running || running.resources !== undefined
}

type Requirements = Frozen<ResourceRequirements> | undefined

function* validatePodLevel(now: Requirements, old: Requirements): Iterable<FieldError> {
  const isSet = (requirements: Requirements): boolean =>
    Object.keys({ ...requirements?.limits, ...requirements?.requests }).length > 0
  if (!isSet(now) && !isSet(old)) return
  if (old && !now) return yield fieldForbidden('spec.resources', 'pod-level resources cannot be removed')
  for (const field of ['requests', 'limits'] as const) {
    if (old && isRemoved(now?.[field], old[field])) {
      const what = field === 'requests' ? 'requests' : 'limits'
      yield fieldForbidden(`spec.resources.${field}`, `pod-level resource ${what} cannot be removed`)
    }
  }
  if (!semanticEqual(withoutComputeOf(now), withoutComputeOf(old))) {
    yield fieldForbidden('spec', 'only cpu and memory resources are mutable at pod-level')
  }
}

type List = Frozen<ResourceList> | undefined

const isRemoved = (now: List, old: List): boolean => Object.keys(old ?? {}).some((name) => !(name in (now ?? {})))

const withoutCompute = (list: List): ResourceList =>
  Object.fromEntries(Object.entries(list ?? {}).filter(([name]) => name !== 'cpu' && name !== 'memory'))

const withoutComputeOf = (requirements: Requirements): unknown => ({
  ...requirements,
  limits: withoutCompute(requirements?.limits),
  requests: withoutCompute(requirements?.requests),
})

function* validateOrder(pod: Frozen<Pod>, old: Frozen<Pod>): Iterable<FieldError> {
  for (const field of ['containers', 'initContainers'] as const) {
    const before = old.spec[field] ?? []
    const now = pod.spec[field] ?? []
    if (before.length !== now.length) {
      yield fieldForbidden(`spec.${field}`, `${field} may not be added or removed on resize`)
      continue
    }
    for (const [index, { name }] of before.entries()) {
      if (now[index]?.name === name) continue
      yield fieldForbidden(`spec.${field}[${index}].name`, `${field} may not be renamed or reordered on resize`)
    }
  }
}

function* validateContainers(pod: Frozen<Pod>, old: Frozen<Pod>): Iterable<FieldError> {
  for (const [now, before, path] of pairs('initContainers', pod, old)) yield* validateRemoved(now, before, path)
  for (const [now, before, path] of pairs('containers', pod, old)) yield* validateRemoved(now, before, path)
  for (const [now, before] of pairs('containers', pod, old))
    if (changesMore(now, before)) yield fieldForbidden('spec', 'only cpu and memory resources are mutable')
  for (const [now, before, path] of pairs('initContainers', pod, old)) {
    if (changesMore(now, before))
      yield fieldForbidden(path, 'only cpu and memory resources for init or sidecar containers are mutable')
    if (now.restartPolicy === 'Always' || semanticEqual(now, before)) continue
    for (const policy of now.resizePolicy ?? [])
      if (policy.restartPolicy === 'RestartContainer')
        yield fieldForbidden(
          path,
          'non-sidecar init containers with a resize policy of RestartContainer cannot be resized',
        )
  }
}

type Pair = readonly [now: Frozen<Container>, before: Frozen<Container>, path: string]

function pairs(field: 'containers' | 'initContainers', pod: Frozen<Pod>, old: Frozen<Pod>): Pair[] {
  return (old.spec[field] ?? []).flatMap((before, index): Pair[] => {
    const now = pod.spec[field]?.[index]
    return now ? [[now, before, `spec.${field}[${index}]`]] : []
  })
}

function* validateRemoved(
  { resources: now }: Frozen<Container>,
  { resources: before }: Frozen<Container>,
  path: string,
): Iterable<FieldError> {
  for (const field of ['requests', 'limits'] as const)
    if (isRemoved(now?.[field], before?.[field]))
      yield fieldForbidden(`${path}.resources.${field}`, `resource ${field} cannot be removed`)
}

function changesMore(now: Frozen<Container>, before: Frozen<Container>): boolean {
  const rest = (container: Frozen<Container>): unknown => ({
    ...container,
    resources: withoutComputeOf(container.resources),
  })
  return !semanticEqual(rest(now), rest(before))
}

const withoutResized = ({ spec }: Frozen<Pod>): unknown => {
  const { containers: _, initContainers: __, resources: ___, ...rest } = spec
  return rest
}

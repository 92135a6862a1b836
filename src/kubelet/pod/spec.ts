import type { Frozen } from '../../apimachinery/meta.ts'
import type * as api from '../../api/generated/types/core/v1.ts'

export type Pod = Frozen<api.Pod>
/** Any of a pod's containers; an ephemeral one has fewer fields. */
export type Container = Frozen<api.Container>
export type ContainerKind = 'init' | 'container' | 'ephemeral'

/** Containers of every kind, in the order upstream visits them. */
export function* allContainers(pod: Pod): Iterable<{ readonly kind: ContainerKind; readonly container: Container }> {
  for (const container of pod.spec.initContainers ?? []) yield { kind: 'init', container }
  for (const container of pod.spec.containers) yield { kind: 'container', container }
  for (const container of ephemeralContainers(pod)) yield { kind: 'ephemeral', container }
}

/** Ephemeral containers, seen as containers. */
export function ephemeralContainers(pod: Pod): readonly Container[] {
  return (pod.spec.ephemeralContainers ?? []) as readonly Container[]
}

/** The container of that name, of whatever kind. */
export function containerNamed(
  pod: Pod,
  name: string,
): { readonly kind: ContainerKind; readonly container: Container } | undefined {
  for (const found of allContainers(pod)) if (found.container.name === name) return found
  return undefined
}

/** What events name inside a pod: `spec.containers{web}` (upstream's fieldPath for container references). */
export function fieldPathOf(kind: ContainerKind, name: string): string {
  const list = { init: 'initContainers', container: 'containers', ephemeral: 'ephemeralContainers' }[kind]
  return `spec.${list}{${name}}`
}

/** An init container that keeps running beside the others. */
export function isSidecar(container: Container): boolean {
  return container.restartPolicy === 'Always'
}

export function hasSidecars(pod: Pod): boolean {
  return (pod.spec.initContainers ?? []).some(isSidecar)
}

/** `web-0_default(8f0c...)`, as upstream names pods in messages. */
export function formatPod(pod: Pod): string {
  const { name = '', namespace = '', uid = '' } = pod.metadata
  return `${name}_${namespace}(${uid})`
}

export const uidOf = (pod: Pod): string => pod.metadata.uid ?? ''

/** Whether nothing of this pod will run again. */
export function isTerminal(pod: Pod): boolean {
  return pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed'
}

/** Seconds between SIGTERM and SIGKILL: what the deletion says, else the spec. */
export function gracePeriodOf(pod: Pod): number {
  return pod.metadata.deletionGracePeriodSeconds ?? pod.spec.terminationGracePeriodSeconds ?? 30
}

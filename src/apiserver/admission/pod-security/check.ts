import type { Container, Pod, SecurityContext } from '../../../api/generated/types/core/v1.ts'
import type { Frozen } from '../../../apimachinery/meta.ts'

/** A pod, or what a controller makes pods of. */
export type PodLike = Pick<Frozen<Pod>, 'metadata' | 'spec'>

/** One rule of the Pod Security Standards. */
export interface Check {
  readonly id: string
  /** The minor version of Kubernetes 1 that brought it. */
  readonly since: number
  /** The rule of the baseline level that it takes the place of. */
  readonly overrides?: string
  /** What the pod does that it should not, by the standard as of `minor`; undefined when nothing. */
  find(pod: PodLike, minor: number): Violation | undefined
}

export interface Violation {
  readonly reason: string
  readonly detail: string
}

/** Every container, in upstream's order. */
export function containersOf({ spec }: PodLike): readonly Frozen<Container>[] {
  const ephemeral = (spec.ephemeralContainers ?? []) as readonly Frozen<Container>[]
  return [...(spec.initContainers ?? []), ...(spec.containers ?? []), ...ephemeral]
}

/** The names of the containers that `bad` is true of. */
export function containersWhere(pod: PodLike, bad: (context: Frozen<SecurityContext>) => boolean): string[] {
  return containersOf(pod)
    .filter(({ securityContext }) => bad(securityContext ?? {}))
    .map(({ name }) => name)
}

/** `"a", "b"`. */
export function quoted(items: readonly string[]): string {
  return items.map((item) => JSON.stringify(item)).join(', ')
}

export function plural(count: number, one: string, many = `${one}s`): string {
  return count === 1 ? one : many
}

/** `container "a"` or `containers "a", "b"`. */
export function named(containers: readonly string[]): string {
  return `${plural(containers.length, 'container')} ${quoted(containers)}`
}

/** `pod and containers "a", "b"`: who sets something. */
export function setters(pod: boolean, containers: readonly string[]): string {
  return [...(pod ? ['pod'] : []), ...(containers.length > 0 ? [named(containers)] : [])].join(' and ')
}

/** Each once, sorted. */
export function sorted(values: Iterable<string>): string[] {
  return [...new Set(values)].sort((a, b) => (a < b ? -1 : 1))
}

export const isWindows = ({ spec }: PodLike): boolean => spec.os?.name === 'windows'

/** In a user namespace root is nobody outside (from 1.35). */
export const isRemapped = ({ spec }: PodLike, minor: number): boolean => minor >= 35 && spec.hostUsers === false

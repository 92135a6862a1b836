import type { ObjectReference } from '../../api/generated/types/core/v1.ts'
import type { Frozen, KubeObject } from '../../apimachinery/meta.ts'
import { uuid, type Random } from '../../lib/random.ts'
import type { EventSubject } from '../events.ts'

/** The reference to what an Event is about. */
export function referenceTo(subject: EventSubject): ObjectReference {
  if ('object' in subject)
    return { ...referenceTo(subject.object as Frozen<KubeObject>), fieldPath: subject.fieldPath as string }
  const { apiVersion, kind, metadata } = subject
  const { namespace, name, uid, resourceVersion } = metadata
  return {
    ...(kind && { kind }),
    ...(namespace && { namespace }),
    ...(name && { name }),
    ...(uid && { uid }),
    ...(apiVersion && { apiVersion }),
    ...(resourceVersion && { resourceVersion }),
  }
}

/** Events about cluster-scoped objects stand in this namespace. */
export function eventNamespace(reference: ObjectReference): string {
  return reference.namespace ?? 'default'
}

/** A DNS subdomain, as far as what follows a valid name can break it. */
const VALID_NAME = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/
const MAX_NAME_LENGTH = 253

/** Names an Event about something that happens at `nowMs`. */
export type EventNames = (reference: ObjectReference, nowMs: number) => string

/**
 * Upstream's names of Events: the object's, a dot, and the time in nanoseconds in hexadecimal. The clock is fine to the
 * millisecond only: chance fills the rest, such that later Events of one recorder have later names. Clients that sort by
 * time, in seconds, rely on that order within each second.
 */
export function eventNames(random: Random): EventNames {
  let last = 0n
  return (reference, nowMs) => {
    const now = BigInt(Math.trunc(nowMs)) * 1_000_000n
    last = now > last ? now + chance(random, 500_000) : last + 1n + chance(random, 1000)
    const name = `${reference.name ?? ''}.${last.toString(16)}`
    return name.length <= MAX_NAME_LENGTH && VALID_NAME.test(name) ? name : uuid(random)
  }
}

const chance = (random: Random, below: number): bigint => BigInt(Math.trunc(random.next() * below))

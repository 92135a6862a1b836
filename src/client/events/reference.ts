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

/**
 * Upstream's name of an Event: the object's, a dot, and the time in nanoseconds in hexadecimal. `nowMs` is fine to the
 * millisecond only, so chance fills the rest.
 */
export function eventName(reference: ObjectReference, nowMs: number, random: Random): string {
  const nanoseconds = BigInt(Math.trunc(nowMs)) * 1_000_000n + BigInt(Math.trunc(random.next() * 1_000_000))
  const name = `${reference.name ?? ''}.${nanoseconds.toString(16)}`
  return name.length <= MAX_NAME_LENGTH && VALID_NAME.test(name) ? name : uuid(random)
}

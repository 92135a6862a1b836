import { type KubeObject, type OwnerReference, timestamp } from '../../apimachinery/meta.ts'
import type { ResourceDefinition } from '../../apimachinery/resource.ts'
import { badRequest } from '../../apimachinery/status.ts'
import type { Env } from '../../lib/env.ts'
import { nameSuffix, uuid } from '../../lib/random.ts'
import { type Call, warn } from '../request/call.ts'

/** Removes what only the server sets. */
export function wipeSystemFields({ metadata }: KubeObject): void {
  delete metadata.creationTimestamp
  delete metadata.uid
  delete metadata.deletionTimestamp
  delete metadata.deletionGracePeriodSeconds
  delete metadata.selfLink
}

/** Sets what a new object gets from the server. */
export function fillSystemFields({ metadata }: KubeObject, env: Env): void {
  metadata.creationTimestamp = timestamp(env.clock.now())
  metadata.uid = uuid(env.random)
}

/** Longest name the generator makes: 63, of which 5 are the suffix. */
const MAX_GENERATED_BASE = 63 - 5

/** Makes metadata.name of generateName as upstream does. */
export function generateName(base: string, env: Env): string {
  return `${base.slice(0, MAX_GENERATED_BASE)}${nameSuffix(env.random)}`
}

/** Sets or clears metadata.namespace by the request's; a different one is refused. */
export function matchNamespace(definition: ResourceDefinition, object: KubeObject, requested: string): void {
  const expected = definition.scope === 'Namespaced' ? requested : ''
  const { metadata } = object
  if (!expected) {
    delete metadata.namespace
  } else if (!metadata.namespace) {
    metadata.namespace = expected
  } else if (metadata.namespace !== expected) {
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request')
  }
}

/** What upstream says when it cannot tell an object's name. */
export const undeterminedName = (requested: string): string =>
  `the name of the object (${requested} based on URL) was undeterminable: name must be provided`

/** A PUT or PATCH must name the object that its path names. */
export function matchName(object: KubeObject, requested: string, namespace: string): void {
  const { name, namespace: own } = object.metadata
  if (name && name !== requested) {
    throw badRequest(`the name of the object (${name}) does not match the name on the URL (${requested})`)
  }
  if (!name) {
    throw badRequest(undeterminedName(requested))
  }
  if (namespace && own && own !== namespace) {
    throw badRequest(`the namespace of the object (${own}) does not match the namespace on the request (${namespace})`)
  }
}

const DUPLICATE_OWNERS =
  '.metadata.ownerReferences contains duplicate entries; API server dedups owner references in 1.20+, and may reject such requests as early as 1.24; please fix your requests; duplicate UID(s) observed: '
const DUPLICATE_OWNERS_AFTER_ADMISSION =
  '.metadata.ownerReferences contains duplicate entries after mutating admission happens; API server dedups owner references in 1.20+, and may reject such requests as early as 1.24; please fix your requests; duplicate UID(s) observed: '

/** Drops repeated owner references, with a warning. */
export function dedupOwnerReferences(object: KubeObject, call: Call, afterAdmission: boolean): void {
  const owners = object.metadata.ownerReferences
  if (!owners || owners.length < 2) return
  const kept: OwnerReference[] = []
  const repeated: string[] = []
  for (const owner of owners) {
    if (kept.some((other) => sameOwner(owner, other))) repeated.push(owner.uid)
    else kept.push(owner)
  }
  if (repeated.length === 0) return
  object.metadata.ownerReferences = kept
  const text = afterAdmission ? DUPLICATE_OWNERS_AFTER_ADMISSION : DUPLICATE_OWNERS
  warn(call, `${text}${[...new Set(repeated)].join(', ')}`)
}

function sameOwner(a: OwnerReference, b: OwnerReference): boolean {
  return (
    a.uid === b.uid &&
    a.name === b.name &&
    a.kind === b.kind &&
    a.apiVersion === b.apiVersion &&
    a.controller === b.controller &&
    a.blockOwnerDeletion === b.blockOwnerDeletion
  )
}

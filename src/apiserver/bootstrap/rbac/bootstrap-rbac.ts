import type { KubeList, KubeObject } from '../../../apimachinery/meta.ts'
import type { LocalResponse } from '../../inprocess/handle.ts'
import { bootstrapPolicy } from './policy.ts'
import { planBinding, planRole, type Step } from './reconcile.ts'

/** Sends a request as the server itself. */
export type Send = (method: string, path: string, body?: unknown) => Promise<LocalResponse>

const API = '/apis/rbac.authorization.k8s.io/v1'

/**
 * Brings the roles and bindings that every cluster has up to what they should be. At the first start all of them are written at once; at
 * later ones only what is missing. Throws when one cannot be written.
 */
export async function bootstrapRbac(send: Send): Promise<void> {
  const policy = bootstrapPolicy()
  await Promise.all([
    reconcile(send, 'clusterroles', policy.clusterRoles, planRole),
    reconcile(send, 'clusterrolebindings', policy.clusterRoleBindings, planBinding),
    reconcile(send, 'roles', policy.roles, planRole),
    reconcile(send, 'rolebindings', policy.roleBindings, planBinding),
  ])
}

async function reconcile<T extends KubeObject>(
  send: Send,
  plural: string,
  wanted: readonly T[],
  plan: (wanted: T, stored: T | undefined) => Step<T>,
): Promise<void> {
  const answer = await send('GET', `${API}/${plural}`)
  check(answer, plural)
  const stored = new Map((answer.body as KubeList<T>).items.map((object) => [keyOf(object), object]))
  await Promise.all(wanted.map((object) => apply(send, plural, plan(object, stored.get(keyOf(object))))))
}

function keyOf({ metadata }: KubeObject): string {
  return `${metadata.namespace ?? ''}/${metadata.name}`
}

async function apply(send: Send, plural: string, { verb, object }: Step<KubeObject>): Promise<void> {
  const { namespace, name = '' } = object.metadata
  const collection = namespace === undefined ? `${API}/${plural}` : `${API}/namespaces/${namespace}/${plural}`
  const path = `${collection}/${encodeURIComponent(name)}`
  if (verb === 'recreate') check(await send('DELETE', path), name)
  if (verb === 'update') check(await send('PUT', path, object), name, 409)
  // Another server of the same store may have been quicker.
  if (verb === 'create' || verb === 'recreate') check(await send('POST', collection, object), name, 409)
}

function check({ status, body }: LocalResponse, what: string, fine?: number): void {
  if (status < 300 || status === fine) return
  throw new Error(`cannot prepare ${what}: ${(body as { message?: string }).message ?? status}`)
}

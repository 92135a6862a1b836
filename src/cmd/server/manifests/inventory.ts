import { configMaps } from '../../../api/core/v1/configmap.ts'
import { hasReason } from '../../../apimachinery/status.ts'
import type { Client } from '../../../client/client.ts'
import type { Manifest } from './read.ts'

/** Names an object that was applied. */
export interface AppliedObject {
  readonly apiVersion: string
  readonly kind: string
  readonly namespace?: string
  readonly name: string
  readonly uid: string
}

const NAMESPACE = 'kube-system'
const NAME = 'skiff-manifests'
const KEY = 'applied'

/** What tells objects apart; the version they are written in does not. */
export function identityOf(object: Pick<AppliedObject, 'apiVersion' | 'kind' | 'namespace' | 'name'>): string {
  const group = object.apiVersion.includes('/') ? object.apiVersion.replace(/\/.*/, '') : ''
  return [group, object.kind, object.namespace ?? '', object.name].join('/')
}

/** The name of a manifest's object, with the namespace that it gets when it names none. */
export function describe({ apiVersion, kind, metadata }: Manifest, namespaced: boolean): Omit<AppliedObject, 'uid'> {
  const namespace = namespaced ? (metadata.namespace ?? 'default') : undefined
  return { apiVersion, kind, ...(namespace !== undefined && { namespace }), name: metadata.name }
}

/** What was applied before and is asked for no more. Pure. */
export function leftOver(before: readonly AppliedObject[], wanted: readonly AppliedObject[]): AppliedObject[] {
  const kept = new Set(wanted.map(identityOf))
  return before.filter((object) => !kept.has(identityOf(object)))
}

/** Reads the inventory; empty when nothing was ever applied. */
export async function readInventory(client: Client): Promise<readonly AppliedObject[]> {
  try {
    const map = await client(configMaps).get(`${NAMESPACE}/${NAME}`)
    return JSON.parse(map.data?.[KEY] ?? '[]') as AppliedObject[]
  } catch (error) {
    if (hasReason(error, 'NotFound')) return []
    throw error
  }
}

/** Replaces it. */
export async function writeInventory(client: Client, applied: readonly AppliedObject[]): Promise<void> {
  const metadata = { name: NAME, namespace: NAMESPACE }
  const data = { [KEY]: JSON.stringify(applied) }
  await client(configMaps).apply({ apiVersion: 'v1', kind: 'ConfigMap', metadata, data }, { force: true })
}

import { configMaps } from '../../api/core/v1/configmap.ts'
import { hasReason } from '../../apimachinery/status.ts'
import type { Client } from '../client.ts'
import type { Manifest } from './parse.ts'

/** Names an object that was applied. */
export interface AppliedObject {
  readonly apiVersion: string
  readonly kind: string
  readonly namespace?: string
  readonly name: string
  readonly uid: string
}

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

/** Remembers what was applied. */
export interface Inventory {
  /** Empty when nothing was ever applied. */
  read(): Promise<readonly AppliedObject[]>
  write(applied: readonly AppliedObject[]): Promise<void>
}

/** An inventory in a ConfigMap. */
export function configMapInventory(client: Client, namespace: string, name: string): Inventory {
  return {
    async read() {
      try {
        const map = await client(configMaps).get(`${namespace}/${name}`)
        return JSON.parse(map.data?.[KEY] ?? '[]') as AppliedObject[]
      } catch (error) {
        if (hasReason(error, 'NotFound')) return []
        throw error
      }
    },
    async write(applied) {
      const data = { [KEY]: JSON.stringify(applied) }
      const map = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace }, data }
      await client(configMaps).apply(map, { force: true })
    },
  }
}

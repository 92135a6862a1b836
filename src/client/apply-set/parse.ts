import { parseAllDocuments } from 'yaml'
import type { KubeObject } from '../../apimachinery/meta.ts'

/** An object of a manifest, with what is needed to name it. */
export interface Manifest extends KubeObject {
  apiVersion: string
  kind: string
  metadata: KubeObject['metadata'] & { name: string }
}

/** More references to one anchor than this are an attack. */
const MOST_ALIASES = 100

/** The objects of a manifest: of all its documents, and of lists in them. Throws an Error that says what is wrong where. */
export function parseManifests(text: string): Manifest[] {
  const documents = parseAllDocuments(text)
  return [...documents].flatMap((document, index) => {
    const [error] = document.errors
    if (error) throw error
    const value: unknown = document.toJS({ maxAliasCount: MOST_ALIASES })
    return value === null ? [] : objectsOf(value, `document ${index + 1}`)
  })
}

function objectsOf(value: unknown, where: string): Manifest[] {
  const object = value as Partial<Manifest> & { items?: unknown[] }
  if (typeof value !== 'object' || Array.isArray(value)) throw new Error(`${where} is not an object`)
  if (typeof object.apiVersion !== 'string' || typeof object.kind !== 'string') {
    throw new Error(`${where} has no apiVersion or no kind`)
  }
  if (object.kind.endsWith('List') && Array.isArray(object.items)) {
    return object.items.flatMap((item, index) => objectsOf(item, `${where}, item ${index + 1}`))
  }
  if (typeof object.metadata?.name !== 'string') throw new Error(`${where} (${object.kind}) has no metadata.name`)
  return [object as Manifest]
}

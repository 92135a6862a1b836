import { readFileSync, readdirSync } from 'node:fs'
import { join, relative } from 'node:path'
import { parseAllDocuments } from 'yaml'
import type { KubeObject } from '../../../apimachinery/meta.ts'
import { messageOf } from '../../../host/user-error.ts'

/** An object of a manifest, with what is needed to name it. */
export interface Manifest extends KubeObject {
  apiVersion: string
  kind: string
  metadata: KubeObject['metadata'] & { name: string }
}

/** What a folder's files hold, by file; a problem instead where one cannot be read. */
export type FolderContent = ReadonlyMap<
  string,
  { readonly objects: readonly Manifest[] } | { readonly problem: string }
>

/** Reads the YAML and JSON files in a folder and the folders in it, in the order of their names. Throws when it isn't there. */
export function readFolder(folder: string): FolderContent {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /^[^.].*\.(ya?ml|json)$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
  return new Map(files.map((file) => [relative(folder, file), readManifest(file)]))
}

function readManifest(file: string): { objects: Manifest[] } | { problem: string } {
  try {
    return { objects: parseManifests(readFileSync(file, 'utf8')) }
  } catch (error) {
    return { problem: messageOf(error) }
  }
}

/** The objects of a manifest: of all its documents, and of lists in them. Throws an Error that says what is wrong where. */
export function parseManifests(text: string): Manifest[] {
  const documents = parseAllDocuments(text)
  return [...documents].flatMap((document, index) => {
    const [error] = document.errors
    if (error) throw error
    const value: unknown = document.toJS({ maxAliasCount: 100 })
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

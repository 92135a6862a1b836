import { readFileSync, readdirSync } from 'node:fs'
import { join, relative } from 'node:path'
import type { Manifest } from '../../../client/apply-set/parse.ts'
import { parseManifests } from '../../../client/apply-set/parse.ts'
import { messageOf } from '../../../host/user-error.ts'

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

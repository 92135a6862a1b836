/**
 * Builds what other programs import: dist/lib/{testing,client,api}.js, which share their modules, and dist/types. Packages that
 * skiff depends on stay outside. Node.js strips no types below node_modules, so the sources themselves would not do.
 */
import { execFileSync } from 'node:child_process'
import { renameSync, rmSync } from 'node:fs'
import { resolve } from 'node:path'
import { build } from 'esbuild'

const root = resolve(import.meta.dirname, '..')
const source = (path: string): string => resolve(root, 'src', path)
const lib = resolve(root, 'dist/lib')
const fresh = `${lib}.${process.pid}`

await build({
  entryPoints: {
    testing: source('testing/index.ts'),
    client: source('client/http/index.ts'),
    api: source('api/index.ts'),
  },
  outdir: fresh,
  bundle: true,
  splitting: true,
  packages: 'external',
  platform: 'node',
  target: 'node22',
  format: 'esm',
  logLevel: 'warning',
})
rmSync(resolve(root, 'dist/types'), { recursive: true, force: true })
const compiler = resolve(root, 'node_modules/.bin/tsc')
execFileSync(process.execPath, [compiler, '-p', resolve(root, 'tsconfig.types.json')], { stdio: 'inherit' })
rmSync(lib, { recursive: true, force: true })
renameSync(fresh, lib)

/**
 * npm run generate [-- --input DIR[:DIR...]] [--check]
 *
 * Writes src/api/generated/ from upstream's Go API packages, or with --check says whether what is committed is what would be written.
 * The packages are looked for under `k8s.io/` in each DIR, by default those of the environment variable SKIFF_UPSTREAM.
 */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, relative, resolve as resolvePath } from 'node:path'
import { parseArgs } from 'node:util'
import { PACKAGES } from './groups.ts'
import { generate } from './output.ts'
import { missingPackages, readUpstream, registeredVersions } from './upstream.ts'

const HOW_TO_GET = `
The API facts are read from the Go packages of Kubernetes 1.36 (0.36.x), which are not part of this repository:
  k8s.io/api, k8s.io/apimachinery       Debian's golang-k8s-api-dev and golang-k8s-apimachinery-dev (sid):
                                        apt-get download them, unpack with dpkg-deb -x DEB DIR, give DIR/usr/share/gocode/src
  k8s.io/apiextensions-apiserver,       tag v0.36.x of github.com/kubernetes/<name>, unpacked at DIR/k8s.io/<name>
  k8s.io/kube-aggregator
Then: npm run generate -- --input DIR[:DIR...]`

/** Hand-written, beside what is generated. */
const KEPT = new Set(['README.md'])

const output = resolvePath(import.meta.dirname, '../../src/api/generated')
process.exitCode = main()

function main(): number {
  const { values } = parseArgs({ options: { input: { type: 'string' }, check: { type: 'boolean', default: false } } })
  const roots = (values.input ?? process.env.SKIFF_UPSTREAM ?? '').split(':').filter((root) => root !== '')
  const missing = roots.length === 0 ? ['all packages'] : missingPackages(roots, PACKAGES)
  if (missing.length > 0) {
    console.log(`generate: ${values.check ? 'check skipped' : 'nothing written'}; not found: ${missing.join(', ')}`)
    console.log(HOW_TO_GET)
    return values.check ? 0 : 1
  }
  const files = generate(readUpstream(roots, PACKAGES), registeredVersions(roots))
  return values.check ? check(files) : write(files)
}

function write(files: ReadonlyMap<string, string>): number {
  for (const path of committedFiles()) if (!files.has(path)) rmSync(join(output, path))
  for (const [path, code] of files) {
    const file = join(output, path)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, code)
  }
  console.log(`generate: ${files.size} files written`)
  return 0
}

function check(files: ReadonlyMap<string, string>): number {
  const committed = committedFiles()
  const stale = [
    ...[...files].filter(([path, code]) => !committed.has(path) || read(path) !== code).map(([path]) => path),
    ...[...committed].filter((path) => !files.has(path)),
  ]
  for (const path of stale) console.log(`generate: src/api/generated/${path} is not current; run npm run generate`)
  if (stale.length === 0) console.log(`generate: ${files.size} files are current`)
  return stale.length === 0 ? 0 : 1
}

function read(path: string): string {
  return readFileSync(join(output, path), 'utf8')
}

function committedFiles(): Set<string> {
  const entries = readdirSync(output, { recursive: true, withFileTypes: true })
  const paths = entries.filter((e) => e.isFile()).map((e) => relative(output, join(e.parentPath, e.name)))
  return new Set(paths.filter((path) => !KEPT.has(path)))
}

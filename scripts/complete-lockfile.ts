/**
 * Adds to package-lock.json the optional platform packages that the registry in use did not offer, so that `npm ci`
 * accepts the lockfile on every platform (npm leaves such packages out, then finds them missing). Run after every
 * change of a dependency: `npm run lockfile`. Also drops download addresses, which differ between registries.
 */
import { readFileSync, writeFileSync } from 'node:fs'

interface LockedPackage {
  version?: string
  resolved?: string
  optional?: boolean
  os?: string[]
  cpu?: string[]
  optionalDependencies?: Record<string, string>
}

const path = new URL('../package-lock.json', import.meta.url)
const lock = JSON.parse(readFileSync(path, 'utf8')) as { packages: Record<string, LockedPackage> }
const SYSTEMS = ['android', 'darwin', 'freebsd', 'linux', 'openharmony', 'win32', 'netbsd', 'openbsd', 'aix', 'sunos']
const CPUS = ['arm64', 'arm', 'x64', 'ia32', 'ppc64', 'riscv64', 's390x', 'loong64', 'mips64el', 'wasm32']

let added = 0
for (const locked of Object.values(lock.packages)) {
  delete locked.resolved
  for (const [name, range] of Object.entries(locked.optionalDependencies ?? {})) {
    const key = `node_modules/${name}`
    if (lock.packages[key] || !/^\d/.test(range)) continue
    const words = name.split(/[-/]/)
    const os = SYSTEMS.filter((s) => words.includes(s))
    const cpu = CPUS.filter((c) => words.includes(c))
    lock.packages[key] = {
      version: range,
      optional: true,
      ...(cpu.length > 0 && { cpu }),
      ...(os.length > 0 && { os }),
    }
    added++
  }
}
const sorted = Object.fromEntries(Object.entries(lock.packages).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)))
writeFileSync(path, `${JSON.stringify({ ...lock, packages: sorted }, null, 2)}\n`)
console.log(`package-lock.json: ${added} optional platform packages added`)

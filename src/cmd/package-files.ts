import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'

/** The package's folder. The bundle in dist/ and the sources in src/cmd/ are not equally deep in it. */
const ROOT = resolve(import.meta.dirname, import.meta.filename.endsWith('.ts') ? '../..' : '..')

/** A file that the build has made. */
export function builtFile(name: string): string {
  return resolve(ROOT, 'dist', name)
}

/** A file or folder of the package. */
export function packageFile(path: string): string {
  return resolve(ROOT, path)
}

/** The package's version. */
export function packageVersion(): string {
  const { version } = JSON.parse(readFileSync(packageFile('package.json'), 'utf8')) as { version: string }
  return version
}

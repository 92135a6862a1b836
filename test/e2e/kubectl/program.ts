import { execFileSync, spawnSync } from 'node:child_process'
import { resolve } from 'node:path'

/** A kubectl that tests can drive. */
export interface KubectlProgram {
  /** Its minor version, as in 1.36. */
  readonly version: string
  readonly path: string
}

const SCRIPT = resolve(import.meta.dirname, '../../../scripts/kubectl.sh')
/** The release that Skiff serves, and the oldest that users of Debian have. */
const WANTED = ['1.32', '1.36'] as const

/**
 * The kubectl of each release that the tests drive: those that scripts/kubectl.sh can have, or else the one on the search
 * path. Empty when there is none.
 */
export function kubectlPrograms(): readonly KubectlProgram[] {
  const { stdout } = spawnSync('bash', [SCRIPT], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] })
  const fetched = stdout.split('\n').flatMap((line) => {
    const match = /^v(\d+\.\d+)\S* (.+)$/.exec(line)
    return match?.[1] !== undefined && match[2] !== undefined ? [{ version: match[1], path: match[2] }] : []
  })
  return fetched.length > 0 ? fetched : installed()
}

/** The newest kubectl, for tests that are not about kubectl. */
export function newestKubectl(): KubectlProgram {
  const newest = kubectlPrograms().at(-1)
  if (newest === undefined) throw new Error(NO_KUBECTL)
  return newest
}

/** Why tests that need every kubectl cannot run, or false. */
export function noKubectl(): string | false {
  const versions = new Set(kubectlPrograms().map(({ version }) => version))
  return WANTED.every((version) => versions.has(version)) ? false : NO_KUBECTL
}

const NO_KUBECTL = `kubectl ${WANTED.join(' and ')} cannot be had: scripts/kubectl.sh gets them from Debian's archive`

function installed(): KubectlProgram[] {
  try {
    const output = execFileSync('kubectl', ['version', '--client', '-o', 'json'], { encoding: 'utf8' })
    const version = /"gitVersion": *"v(\d+\.\d+)/.exec(output)?.[1]
    return version === undefined ? [] : [{ version, path: 'kubectl' }]
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return []
    throw error
  }
}

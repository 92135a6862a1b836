import type { HostFacts } from './facts.ts'
import { CNI_PACKAGES, CNI_PLUGINS, INSTALL_COMMANDS, REQUIREMENTS } from './requirements.ts'

/** What stands between this machine and a cluster. */
export interface HostPlan {
  /** What cannot be put right by installing something, each with what to do. */
  readonly blockers: readonly Finding[]
  /** What an installation brings. */
  readonly missing: readonly Finding[]
  /** What the cluster does without. */
  readonly warnings: readonly Finding[]
  /** The packages to install; empty when nothing is missing or this system's package names aren't known. */
  readonly packages: readonly string[]
  /** The exact command that installs them. */
  readonly installCommand: string | undefined
  /** Whether Skiff may run that command by itself: root on Debian, Ubuntu or one of their kin. */
  readonly canInstall: boolean
}

export interface Finding {
  readonly what: string
  readonly todo?: string
}

const MEGABYTE = 1024 * 1024
/** Below this, a cluster starts and then fails in odd ways. */
const LEAST_FREE_BYTES = 512 * MEGABYTE

/** Decides what a cluster with real containers lacks on the machine that `facts` describe. */
export function planContainers(facts: HostFacts): HostPlan {
  const absent = REQUIREMENTS.filter((r) => !facts.programs.has(r.program))
  const needed = absent.filter((r) => r.without === undefined)
  const manager = facts.packageManager
  const packages = manager ? [...new Set(absent.map((r) => r.packages[manager]))] : []
  if (manager && !facts.cniFolder) packages.push(CNI_PACKAGES[manager])
  const missing: Finding[] = needed.map((r) => ({ what: `${r.program}, which ${r.what}` }))
  if (!facts.cniFolder) missing.push({ what: `the CNI plugins ${CNI_PLUGINS.join(', ')}, which connect pods` })
  return {
    blockers: [...platformBlockers(facts), ...containerBlockers(facts), ...diskBlockers(facts)],
    missing,
    warnings: absent.flatMap((r) => (r.without ? [{ what: `${r.program} is missing: ${r.without}` }] : [])),
    packages,
    installCommand: installCommand(facts, packages),
    canInstall:
      facts.isRoot && manager === 'apt-get' && facts.distributions.some((d) => d === 'debian' || d === 'ubuntu'),
  }
}

/** Decides what a cluster of simulated pods lacks. */
export function planSimulated(facts: HostFacts): HostPlan {
  const nothing = { missing: [], warnings: [], packages: [], installCommand: undefined, canInstall: false }
  return { ...nothing, blockers: diskBlockers(facts) }
}

function installCommand(facts: HostFacts, packages: readonly string[]): string | undefined {
  if (!facts.packageManager || packages.length === 0) return undefined
  const command = `${INSTALL_COMMANDS[facts.packageManager]} ${packages.join(' ')}`
  return facts.isRoot ? command : command.replace(/(^|&& )/g, '$1sudo ')
}

function platformBlockers(facts: HostFacts): Finding[] {
  if (facts.platform === 'linux') return []
  return [
    {
      what: `containers need Linux; this is ${facts.platform}`,
      todo: 'skiff up --runtime simulated runs the whole API with pods that pretend',
    },
  ]
}

function containerBlockers(facts: HostFacts): Finding[] {
  if (facts.platform !== 'linux') return []
  const blockers: Finding[] = []
  if (!facts.isRoot) {
    blockers.push({
      what: 'containers need root, and you are not',
      todo: 'sudo skiff up, or skiff up --runtime simulated for the whole API with pods that pretend',
    })
  }
  if (facts.cgroups === 'none') {
    blockers.push({ what: 'no cgroups with a memory controller below /sys/fs/cgroup', todo: 'mount cgroup v2 there' })
  }
  if (!facts.kernelHas.namespaces) blockers.push({ what: 'this kernel has no namespaces' })
  return blockers
}

function diskBlockers(facts: HostFacts): Finding[] {
  if (!facts.dataFolderWritable) {
    return [{ what: 'the data folder cannot be written', todo: 'name another one with --data-dir' }]
  }
  if (facts.freeBytes !== undefined && facts.freeBytes < LEAST_FREE_BYTES) {
    const free = Math.floor(facts.freeBytes / MEGABYTE)
    const least = LEAST_FREE_BYTES / MEGABYTE
    return [
      {
        what: `the disk of the data folder has ${free} MiB free, and a cluster needs ${least} MiB`,
        todo: 'free some space, or name another folder with --data-dir',
      },
    ]
  }
  return []
}

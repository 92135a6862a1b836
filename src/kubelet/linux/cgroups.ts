import { existsSync, readFileSync } from 'node:fs'
import { mkdir, readdir, readFile, rmdir, writeFile } from 'node:fs/promises'
import { sleep, type Clock } from '../../lib/clock.ts'
import type { CgroupLimits, Cgroups, CgroupUsage } from '../host/cgroups.ts'
import { isFileError } from '../host/files.ts'

const ROOT = '/sys/fs/cgroup'

/** How cgroups are laid out here: v2's one hierarchy, or v1's hierarchies by controller. */
interface Layout {
  readonly version: 1 | 2
  /** Every hierarchy's folder. */
  readonly hierarchies: readonly string[]
  /** The folder of a controller's hierarchy. */
  readonly of: (controller: string) => string | undefined
}

/** The cgroups of this machine, named as the runtime's cgroupfs driver has them, or systemd's. */
export function linuxCgroups(clock: Clock, driver: 'cgroupfs' | 'systemd'): Cgroups {
  const layout = layoutOf()
  const named = driver === 'systemd' ? (path: string) => slicePath(path) : (path: string) => path
  const folders = (path: string): string[] => layout.hierarchies.map((hierarchy) => hierarchy + named(path))
  return {
    version: layout.version,
    async ensure(path, limits) {
      // systemd makes slices by itself when the first container comes.
      if (driver === 'systemd') return
      await (layout.version === 2 ? ensureV2(path, limits) : ensureV1(layout, path, limits))
    },
    async remove(path) {
      await Promise.all(folders(path).map((folder) => removeTree(clock, folder)))
    },
    async children(path) {
      const lists = await Promise.all(folders(path).map(childrenOf))
      return [...new Set(lists.flat())]
    },
    usage: (path) => (layout.version === 2 ? usageV2(ROOT + named(path)) : usageV1(layout, named(path))),
    parentFor: (path) => (driver === 'systemd' ? `${sliceName(path)}.slice` : path),
  }
}

function layoutOf(): Layout {
  if (existsSync(`${ROOT}/cgroup.controllers`)) return { version: 2, hierarchies: [ROOT], of: () => ROOT }
  const mounts = readFileSync('/proc/self/mountinfo', 'utf8').split('\n')
  const hierarchies = new Map<string, readonly string[]>()
  for (const line of mounts) {
    const [left = '', right = ''] = line.split(' - ')
    const [type, , options = ''] = right.split(' ')
    // Beside v1's there may be v2's, with what v1 doesn't have.
    if (type === 'cgroup' || type === 'cgroup2') hierarchies.set(left.split(' ')[4] ?? '', options.split(','))
  }
  const of = (controller: string): string | undefined => {
    for (const [folder, options] of hierarchies) if (options.includes(controller)) return folder
    return undefined
  }
  return { version: 1, hierarchies: [...hierarchies.keys()], of }
}

async function ensureV1(layout: Layout, path: string, limits: CgroupLimits): Promise<void> {
  const { cpuShares, cpuPeriod, cpuQuota, memoryLimitBytes, pidsMax } = limits
  await Promise.all([
    setV1(layout, 'cpu', path, [
      ['cpu.shares', cpuShares],
      ['cpu.cfs_period_us', cpuPeriod],
      ['cpu.cfs_quota_us', cpuQuota],
    ]),
    setV1(layout, 'memory', path, [['memory.limit_in_bytes', memoryLimitBytes]]),
    setV1(layout, 'pids', path, [['pids.max', pidsMax]]),
  ])
}

async function setV1(
  layout: Layout,
  controller: string,
  path: string,
  values: readonly (readonly [string, number | undefined])[],
): Promise<void> {
  const hierarchy = layout.of(controller)
  if (hierarchy === undefined) return
  await mkdir(hierarchy + path, { recursive: true })
  for (const [file, value] of values)
    if (value !== undefined) await writeFile(`${hierarchy}${path}/${file}`, String(value))
}

/** Each group on the way has to hand its controllers down. */
async function ensureV2(path: string, limits: CgroupLimits): Promise<void> {
  const { cpuShares, cpuPeriod, cpuQuota, memoryLimitBytes, pidsMax } = limits
  let folder = ROOT
  for (const name of path.split('/').filter(Boolean)) {
    await handDown(folder)
    folder += `/${name}`
    await mkdir(folder, { recursive: true })
  }
  const set = async (file: string, value: string | undefined): Promise<void> => {
    if (value !== undefined) await writeFile(`${folder}/${file}`, value)
  }
  await set('cpu.weight', cpuShares === undefined ? undefined : String(weightOf(cpuShares)))
  await set(
    'cpu.max',
    cpuQuota === undefined ? undefined : `${cpuQuota > 0 ? cpuQuota : 'max'} ${cpuPeriod ?? 100_000}`,
  )
  await set('memory.max', memoryLimitBytes === undefined ? undefined : String(memoryLimitBytes))
  await set('pids.max', pidsMax === undefined ? undefined : String(pidsMax))
}

async function handDown(folder: string): Promise<void> {
  const available = (await readFile(`${folder}/cgroup.controllers`, 'utf8')).trim().split(' ')
  const given = (await readFile(`${folder}/cgroup.subtree_control`, 'utf8')).trim().split(' ')
  const missing = available.filter((controller) => controller !== '' && !given.includes(controller))
  if (missing.length > 0) await writeFile(`${folder}/cgroup.subtree_control`, missing.map((c) => `+${c}`).join(' '))
}

/** cpu.weight for cpu.shares, as runc converts. */
const weightOf = (shares: number): number => 1 + Math.floor(((shares - 2) * 9999) / 262_142)

async function childrenOf(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder, { withFileTypes: true }))
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => name)
  } catch (error) {
    if (isFileError(error, 'ENOENT', 'ENODEV')) return []
    throw error
  }
}

const REMOVE_ATTEMPTS = 50
const REMOVE_WAIT_MS = 10

/** The innermost first. Processes that are left are killed; the kernel may take a moment to let go of them. */
async function removeTree(clock: Clock, folder: string): Promise<void> {
  for (const name of await childrenOf(folder)) await removeTree(clock, `${folder}/${name}`)
  for (let attempt = 1; ; attempt++) {
    try {
      return await rmdir(folder)
    } catch (error) {
      if (isFileError(error, 'ENOENT', 'ENODEV')) return
      if (!isFileError(error, 'EBUSY') || attempt === REMOVE_ATTEMPTS) throw error
      await killAll(folder)
      await sleep(clock, REMOVE_WAIT_MS)
    }
  }
}

async function killAll(folder: string): Promise<void> {
  const pids = await readFile(`${folder}/cgroup.procs`, 'utf8').catch(() => '')
  for (const pid of pids.split('\n').filter(Boolean)) {
    try {
      process.kill(Number(pid), 'SIGKILL')
    } catch (error) {
      if (!isFileError(error, 'ESRCH')) throw error
    }
  }
}

async function usageV1(layout: Layout, path: string): Promise<CgroupUsage | undefined> {
  const read = (controller: string, file: string): Promise<string> =>
    readFile(`${layout.of(controller)}${path}/${file}`, 'utf8').catch(() => '')
  const [cpu, usage, stat, pids] = await Promise.all([
    read('cpuacct', 'cpuacct.usage'),
    read('memory', 'memory.usage_in_bytes'),
    read('memory', 'memory.stat'),
    read('pids', 'pids.current'),
  ])
  if (usage === '') return undefined
  return usageOf(Number(cpu), Number(usage), field(stat, 'total_inactive_file'), field(stat, 'total_rss'), Number(pids))
}

async function usageV2(folder: string): Promise<CgroupUsage | undefined> {
  const read = (file: string): Promise<string> => readFile(`${folder}/${file}`, 'utf8').catch(() => '')
  const [cpu, usage, stat, pids] = await Promise.all(
    ['cpu.stat', 'memory.current', 'memory.stat', 'pids.current'].map(read),
  )
  if (!usage) return undefined
  const nanoseconds = field(cpu ?? '', 'usage_usec') * 1000
  return usageOf(
    nanoseconds,
    Number(usage),
    field(stat ?? '', 'inactive_file'),
    field(stat ?? '', 'anon'),
    Number(pids),
  )
}

function usageOf(cpu: number, usage: number, inactive: number, rss: number, processes: number): CgroupUsage {
  return {
    cpuNanoseconds: cpu,
    memoryUsageBytes: usage,
    memoryWorkingSetBytes: Math.max(0, usage - inactive),
    memoryRssBytes: rss,
    processes,
  }
}

const field = (text: string, name: string): number => Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(text)?.[1] ?? 0)

/** `/kubepods/burstable/pod1-2` is `kubepods-burstable-pod1_2` to systemd. */
function sliceName(path: string): string {
  return path
    .split('/')
    .filter(Boolean)
    .map((part) => part.replaceAll('-', '_'))
    .join('-')
}

/** A slice lies in the folders of those that its name begins with. */
function slicePath(path: string): string {
  const names = path.split('/').filter(Boolean)
  return names.map((_, i) => `/${sliceName(names.slice(0, i + 1).join('/'))}.slice`).join('')
}

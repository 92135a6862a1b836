import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { arch, cpus, hostname, networkInterfaces, release } from 'node:os'
import type { Machine } from '../host/machine.ts'

const CAP_SYS_RESOURCE = 24n

/** What this machine is. Read once, but for what changes. */
export function linuxMachine(cgroupVersion: 1 | 2): Machine {
  const memory = meminfo(text('/proc/meminfo'))
  return {
    hostname: hostname().toLowerCase(),
    architecture: { x64: 'amd64', arm64: 'arm64', ia32: '386', arm: 'arm' }[arch() as 'x64'] ?? arch(),
    kernelVersion: release(),
    osImage: /^PRETTY_NAME="?(.*?)"?$/m.exec(text('/etc/os-release'))?.[1] ?? 'Linux',
    machineId: text('/etc/machine-id').trim(),
    systemUuid: text('/sys/class/dmi/id/product_uuid').trim() || text('/etc/machine-id').trim(),
    bootId: text('/proc/sys/kernel/random/boot_id').trim(),
    cpus: cpus().length,
    memoryBytes: memory.MemTotal,
    swapBytes: memory.SwapTotal,
    hugePages: hugePages(cgroupVersion),
    addresses: () => Promise.resolve(addresses()),
    async memory() {
      const now = meminfo(await readFile('/proc/meminfo', 'utf8'))
      const usageBytes = now.MemTotal - now.MemFree
      const workingSetBytes = Math.max(0, usageBytes - now['Inactive(file)'])
      return { availableBytes: now.MemTotal - workingSetBytes, usageBytes, workingSetBytes }
    },
    appArmor: text('/sys/module/apparmor/parameters/enabled').startsWith('Y'),
    mayLowerOomScore: (effectiveCapabilities() >> CAP_SYS_RESOURCE) % 2n === 1n,
    oomScoreAdj: Number(text('/proc/self/oom_score_adj') || 0),
    resolvConf: () => readFile(resolvConfPath(), 'utf8').catch(() => ''),
  }
}

function text(path: string): string {
  return existsSync(path) ? readFileSync(path, 'utf8') : ''
}

/** systemd-resolved's stub listens on loopback, which means another thing in a pod; the real servers are in another file. */
function resolvConfPath(): string {
  const real = '/run/systemd/resolve/resolv.conf'
  return /^nameserver\s+127\.0\.0\.53\s*$/m.test(text('/etc/resolv.conf')) && existsSync(real)
    ? real
    : '/etc/resolv.conf'
}

type MemoryFields = Record<'MemTotal' | 'MemFree' | 'SwapTotal' | 'Inactive(file)', number>

function meminfo(content: string): MemoryFields {
  const fields: MemoryFields = { MemTotal: 0, MemFree: 0, SwapTotal: 0, 'Inactive(file)': 0 }
  for (const [, name = '', kib] of content.matchAll(/^(\S+):\s+(\d+) kB$/gm)) {
    if (name in fields) fields[name as keyof MemoryFields] = Number(kib) * 1024
  }
  return fields
}

function effectiveCapabilities(): bigint {
  return BigInt(`0x${/^CapEff:\s+([0-9a-f]+)$/m.exec(text('/proc/self/status'))?.[1] ?? '0'}`)
}

/** Only where containers' use of them can be limited. */
function hugePages(cgroupVersion: 1 | 2): { size: number; count: number }[] {
  const limited =
    cgroupVersion === 2
      ? text('/sys/fs/cgroup/cgroup.controllers').split(/\s+/).includes('hugetlb')
      : existsSync('/sys/fs/cgroup/hugetlb/cgroup.procs')
  const folder = '/sys/kernel/mm/hugepages'
  if (!limited || !existsSync(folder)) return []
  return readdirSync(folder).map((name) => ({
    size: Number(/hugepages-(\d+)kB/.exec(name)?.[1] ?? 0) * 1024,
    count: Number(text(`${folder}/${name}/nr_hugepages`)),
  }))
}

/** Those of the interface that the default route goes by; without a route, of the first that isn't the loopback. */
function addresses(): string[] {
  const interfaces = networkInterfaces()
  const route = text('/proc/net/route')
    .split('\n')
    .map((line) => line.split('\t'))
    .find(([, destination, , , , , , mask]) => destination === '00000000' && mask === '00000000')?.[0]
  const others = Object.entries(interfaces).filter(([name]) => name !== route)
  const candidates = [...(interfaces[route ?? ''] ?? []), ...others.flatMap(([, list]) => list ?? [])].filter(
    ({ internal, address }) => !internal && !address.startsWith('fe80:'),
  )
  const first = (family: string): string[] =>
    candidates
      .filter((c) => c.family === family)
      .slice(0, 1)
      .map((c) => c.address)
  const found = [...first('IPv4'), ...first('IPv6')]
  return found.length > 0 ? found.slice(0, 1) : ['127.0.0.1']
}

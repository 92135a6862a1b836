import { readdirSync, readFileSync } from 'node:fs'
import type { Metrics } from '../../apiserver/metrics/metrics.ts'

/** Adds what Prometheus' clients tell of every process. */
export function collectProcess(metrics: Metrics): void {
  const gauge = (name: string, help: string): { set(value: number): void } =>
    metrics.gauge({ name: `process_${name}`, help, stability: '' }).of()
  const cpu = metrics.counter({ name: 'process_cpu_seconds_total', help: 'CPU time, in seconds.', stability: '' }).of()
  const resident = gauge('resident_memory_bytes', 'Memory in RAM.')
  const virtual = gauge('virtual_memory_bytes', 'Virtual memory.')
  const open = gauge('open_fds', 'Open file descriptors.')
  const most = gauge('max_fds', 'The most file descriptors that it may open.')
  gauge('start_time_seconds', 'When it was started, since the Unix epoch.').set(performance.timeOrigin / 1000)
  const mostVirtual = gauge('virtual_memory_max_bytes', 'The most virtual memory that it may have; -1 for any.')
  let cpuBefore = 0
  metrics.before(() => {
    const { user, system } = process.cpuUsage()
    const seconds = (user + system) / 1e6
    cpu.inc(seconds - cpuBefore)
    cpuBefore = seconds
    resident.set(process.memoryUsage.rss())
    virtual.set(virtualBytes())
    open.set(readdirSync('/proc/self/fd').length)
    most.set(limitOf('open files', Infinity))
    mostVirtual.set(limitOf('address space', -1))
  })
}

const PAGE_BYTES = 4096

function virtualBytes(): number {
  return Number(readFileSync('/proc/self/statm', 'utf8').split(' ')[0]) * PAGE_BYTES
}

/** A limit by its name in /proc/self/limits. */
function limitOf(name: string, unlimited: number): number {
  const limits = readFileSync('/proc/self/limits', 'utf8')
  const [, soft = '0'] = new RegExp(`^Max ${name}\\s+(\\S+)`, 'm').exec(limits) ?? []
  return soft === 'unlimited' ? unlimited : Number(soft)
}

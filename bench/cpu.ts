/**
 * How much processor time a request costs the server: the measure that a busy machine does not falsify.
 *
 *   scripts/run-script.sh bench/cpu.ts [--only TEXT] [--seconds N] [--clients N] [--upstream DIR] [--etcd-servers URLS] [--audit LEVEL] [--pid PID --port PORT --token TOKEN]
 *
 * Prints µs of user and system time for each request, beside what the clients saw. With --audit everything is told of at that level (Metadata, RequestResponse), to a file. With --pid a server that runs already is loaded.
 */
import { parseArgs } from 'node:util'
import { auditFlags } from './audit.ts'
import { shapes } from './rows/shapes.ts'
import { buildSkiff, startSkiff, storeFlags } from './skiff.ts'
import { cpuSeconds, residentMb, type Target } from './target.ts'
import { startUpstream } from './upstream.ts'
import { load } from './wrk.ts'

const { values: flags } = parseArgs({
  options: {
    only: { type: 'string' },
    seconds: { type: 'string', default: '2' },
    clients: { type: 'string', default: '32' },
    upstream: { type: 'string' },
    'etcd-servers': { type: 'string' },
    audit: { type: 'string' },
    pid: { type: 'string' },
    port: { type: 'string' },
    token: { type: 'string' },
  },
})

const target = await start()
try {
  for (const shape of shapes) {
    if (flags.only && !shape.name.includes(flags.only)) continue
    await shape.prepare?.(target)
    const before = cpuSeconds(target.pids())
    const result = await load(target, { ...shape, clients: Number(flags.clients), seconds: Number(flags.seconds) })
    const micros = ((cpuSeconds(target.pids()) - before) * 1e6) / result.requests
    const cells = [
      shape.name.padEnd(28),
      `${micros.toFixed(0)} us`.padStart(8),
      `${result.perSecond.toFixed(0)}/s`.padStart(9),
      `p50 ${result.p50Ms.toFixed(2)} ms`,
      `p99 ${result.p99Ms.toFixed(2)} ms`,
      `${residentMb(target.pids()).toFixed(0)} MB`,
      result.failures > 0 ? `${result.failures} FAILED` : '',
    ]
    console.log(cells.join('  ').trimEnd())
  }
} finally {
  await target.stop()
}

async function start(): Promise<Target> {
  const audit = flags.audit === undefined ? [] : auditFlags(flags.audit)
  if (flags.upstream) return startUpstream(flags.upstream, audit)
  if (flags.pid) return running(Number(flags.pid), Number(flags.port), flags.token ?? '')
  buildSkiff()
  return startSkiff([...storeFlags(flags['etcd-servers']), ...audit])
}

function running(pid: number, port: number, token: string): Target {
  return { name: 'skiff', port, token, readyMs: 0, pids: () => [pid], stop: () => Promise.resolve() }
}

import { VirtualClock } from '../../lib/clock.ts'
import { silentLogger } from '../../lib/log.ts'
import { seededRandom } from '../../lib/random.ts'
import type { CliContext } from '../context.ts'
import { buildProgram, runProgram, type CommandMaker } from '../program.ts'

/** What a command line came to. */
export interface CliResult {
  readonly code: number
  readonly out: string
  readonly err: string
}

/** Runs a command line in this process, away from the user's files: state and kubeconfig lie in `folder`. */
export function runCli(folder: string, ...args: string[]): Promise<CliResult> {
  return runCliWith([], folder, ...args)
}

/** The same with commands of other folders. */
export async function runCliWith(more: readonly CommandMaker[], folder: string, ...args: string[]): Promise<CliResult> {
  const said = { out: '', err: '' }
  const output = (to: 'out' | 'err') => ({ write: (text: string) => void (said[to] += text), isTerminal: false })
  const context: CliContext = {
    env: { clock: new VirtualClock(), random: seededRandom(1), log: silentLogger },
    environment: { SKIFF_DATA_DIR: folder, KUBECONFIG: `${folder}/kubeconfig` },
    out: output('out'),
    err: output('err'),
    signal: new AbortController().signal,
    self: ['/bin/false'],
    versions: { skiff: '1.2.3', kubernetes: 'v1.36.0', node: 'v24.0.0' },
    packageFolder: folder,
    apiFlags: [{ title: 'Doors', flags: [{ name: 'door-width', kind: 'number', description: 'in cm' }] }],
    checkApiFlags: () => Promise.resolve(),
    runtimes: { stopPods: () => Promise.resolve(0), listImages: () => Promise.resolve([]) },
  }
  const code = await runProgram(buildProgram(context, more), context, args)
  return { code, ...said }
}

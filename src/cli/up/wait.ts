import { Resolver } from 'node:dns/promises'
import { nodes } from '../../api/core/v1/node.ts'
import type { Node, NodeCondition } from '../../api/generated/types/core/v1.ts'
import type { Frozen } from '../../apimachinery/meta.ts'
import { StatusError } from '../../apimachinery/status.ts'
import { TransportError } from '../../client/transport.ts'
import { nthAddress } from '../../host/cluster/resolve.ts'
import type { ClusterSettings } from '../../host/cluster/settings.ts'
import { EXIT, UserError, messageOf } from '../../host/user-error.ts'
import { sleep } from '../../lib/clock.ts'
import type { ClusterApi } from '../api.ts'
import type { CliContext } from '../context.ts'
import { nameFlag } from '../flags.ts'
import type { Progress } from '../progress.ts'
import type { ServerProcess } from './server-process.ts'

export interface WaitOptions {
  readonly api: ClusterApi
  readonly settings: ClusterSettings
  /** In ms of the monotonic clock. */
  readonly deadline: number
  /** When the server was started, in ms since the epoch: what the API says of times before is old. 0 when it ran already. */
  readonly startedMs: number
  /** Waiting ends when it does. */
  readonly server: ServerProcess
}

/** A try: what was waited for is there, or why not yet. */
export type Attempt = { readonly done: string } | { readonly notYet: string }

const POLL_MS = 25
/** Times of the API are in whole seconds. */
const HEARTBEAT_PRECISION_MS = 1000
const SLOWEST_POLL_MS = 250

/** Waits until the API answers. */
export function waitForApi(context: CliContext, progress: Progress, options: WaitOptions): Promise<void> {
  const { api } = options
  return waitFor(context, progress, options, 'API', async () => {
    const { status, body } = await api.transport.request({ method: 'GET', path: '/readyz', signal: context.signal })
    return status === 200 ? { done: `ready at ${api.server}` } : { notYet: `it says ${firstLine(body)}` }
  })
}

/** Waits until the node takes pods. */
export function waitForNode(context: CliContext, progress: Progress, options: WaitOptions): Promise<void> {
  const { api, settings } = options
  return waitFor(context, progress, options, 'node', async () => {
    const node = await api.client(nodes).get(settings.nodeName)
    const ready = readyCondition(node)
    if (ready && Date.parse(ready.lastHeartbeatTime ?? '') < options.startedMs - HEARTBEAT_PRECISION_MS) {
      return { notYet: `${settings.nodeName} has not reported since the server started` }
    }
    if (ready?.status === 'True') return { done: `${settings.nodeName} is Ready` }
    return { notYet: `${settings.nodeName} is not ready: ${ready?.message ?? 'it has not reported yet'}` }
  })
}

/** Waits until cluster DNS answers on its Service address, asked from this machine. */
export function waitForDns(context: CliContext, progress: Progress, options: WaitOptions): Promise<void> {
  const { settings } = options
  const address = nthAddress(settings.serviceCidr, 10)
  const resolver = new Resolver({ timeout: 500, tries: 1 })
  resolver.setServers([address])
  return waitFor(context, progress, options, 'DNS', async () => {
    await resolver.resolve4(`kubernetes.default.svc.${settings.clusterDomain}`)
    return { done: `answers at ${address}` }
  })
}

function readyCondition(node: Frozen<Node>): Frozen<NodeCondition> | undefined {
  return node.status?.conditions?.find((condition) => condition.type === 'Ready')
}

/** Tries until it is done, ever less eagerly; throws a UserError when the time is over or the server has ended. */
export async function waitFor(
  context: CliContext,
  progress: Progress,
  options: WaitOptions,
  what: string,
  attempt: () => Promise<Attempt>,
): Promise<void> {
  const { clock } = context.env
  await progress.step(what, async (note) => {
    for (let pollMs = POLL_MS; ; pollMs = Math.min(pollMs * 1.2, SLOWEST_POLL_MS)) {
      const result = await attempt().catch(notYetBecause)
      if ('done' in result) return result.done
      note(result.notYet)
      const problem = options.server.problem()
      if (problem) throw problem
      if (clock.monotonic() >= options.deadline) throw timedOut(what, result.notYet, nameFlag(options.settings.name))
      await sleep(clock, pollMs, context.signal)
    }
  })
}

function timedOut(what: string, why: string, flag: string): UserError {
  return new UserError(`the ${what} did not become ready in time: ${why}`, {
    hints: [
      `see what the server says: skiff logs${flag}`,
      `the cluster goes on starting in the background; look again: skiff status${flag}`,
    ],
    exitCode: EXIT.timedOut,
  })
}

/** Failures that mean no more than "too early". */
function notYetBecause(error: unknown): Attempt {
  const tooEarly = error instanceof TransportError || error instanceof StatusError || isDnsError(error)
  if (tooEarly) return { notYet: messageOf(error) }
  throw error
}

function isDnsError(error: unknown): boolean {
  return error instanceof Error && 'syscall' in error && String(error.syscall).startsWith('query')
}

function firstLine(body: unknown): string {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  return text.split('\n').find((line) => line.startsWith('[-]')) ?? text.split('\n')[0] ?? ''
}

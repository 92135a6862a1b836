import { systemClock } from '../../lib/clock.ts'
import type { Env } from '../../lib/env.ts'
import { keepAlive } from '../../lib/host/keep-alive.ts'
import { lineLogger } from '../../lib/host/line-logger.ts'
import type { Logger } from '../../lib/log.ts'
import { systemRandom } from '../../lib/random.ts'
import type { Client } from '../client.ts'
import type { ControllerDefinition } from '../controller.ts'
import { createClient } from '../create-client.ts'
import { runControllers } from '../harness/run.ts'
import { inClusterConfig, loadKubeconfig } from './kubeconfig.ts'
import { httpTransport } from './transport.ts'

/** A way to a cluster, and what a program needs besides. */
export interface Connection {
  readonly client: Client
  readonly env: Env
  close(): void
}

export interface ConnectOptions {
  /** Who speaks, for the server's logs and as field manager. */
  readonly userAgent: string
  /** Default: lines of text to standard error. */
  readonly log?: Logger
}

/** Connects to the cluster that the program runs in, else to that of the kubeconfig's current context. Nothing is sent yet. */
export function connect({ userAgent, log = standardError() }: ConnectOptions): Connection {
  const env: Env = { clock: systemClock, random: systemRandom, log }
  const config = inClusterConfig(systemClock, process.env) ?? loadKubeconfig({ clock: systemClock }).config
  const transport = httpTransport(config, systemClock)
  return { client: createClient({ transport, env, userAgent }), env, close: () => transport.close() }
}

export interface OperatorOptions {
  readonly name: string
  readonly controllers: readonly ControllerDefinition[]
  /** Ends it, as SIGTERM and SIGINT do. */
  readonly signal?: AbortSignal
  readonly log?: Logger
}

/** Runs controllers as a program of their own, until SIGTERM, SIGINT or the signal. Resolves when all work has ended. */
export async function runOperator({ name, controllers, signal, log }: OperatorOptions): Promise<void> {
  const stop = new AbortController()
  const end = (): void => stop.abort(new Error(`${name} was told to end`))
  const { client, env, close } = connect({ userAgent: name, ...(log && { log }) })
  const letGo = keepAlive()
  for (const name of SIGNALS) process.once(name, end)
  signal?.addEventListener('abort', end, { once: true })
  try {
    const running = runControllers(controllers, { client, env, signal: stop.signal })
    running.ready.then(
      () => env.log.info(`${name} works`),
      () => undefined,
    )
    await running.stopped
  } finally {
    for (const name of SIGNALS) process.off(name, end)
    close()
    letGo()
  }
}

const SIGNALS = ['SIGTERM', 'SIGINT'] as const

function standardError(): Logger {
  const write = (line: string): void => void process.stderr.write(line)
  return lineLogger({ clock: systemClock, level: 'info', format: 'text', write })
}

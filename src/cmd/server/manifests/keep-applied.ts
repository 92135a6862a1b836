import { watch } from 'node:fs/promises'
import type { Client } from '../../../client/client.ts'
import type { Transport } from '../../../client/transport.ts'
import { sleep } from '../../../lib/clock.ts'
import type { Env } from '../../../lib/env.ts'
import { applyManifests } from '../../../client/apply-set/apply.ts'
import { configMapInventory } from '../../../client/apply-set/inventory.ts'
import type { Manifest } from '../../../client/apply-set/parse.ts'
import type { FolderContent } from './read.ts'
import { readFolder } from './read.ts'

export interface KeepAppliedOptions {
  readonly folder: string
  readonly client: Client
  readonly transport: Transport
  readonly env: Env
  readonly signal: AbortSignal
}

/** Editors write a file in several steps; this long after the last one it is read. */
const SETTLE_MS = 200
const REPEAT_MS = 60_000
const FIRST_RETRY_MS = 500

/** Keeps a folder's manifests applied until the signal aborts. Problems are logged, and tried again. */
export async function keepApplied(options: KeepAppliedOptions): Promise<void> {
  const { env, signal } = options
  const log = env.log.with({ folder: options.folder })
  const held = new Map<string, readonly Manifest[]>()
  const changes = watchFolder(options)
  for (let waitMs = REPEAT_MS; !signal.aborted; await changes.next(waitMs)) {
    const problems = await applyFolder(options, held).catch((error: unknown) => [String(error)])
    for (const problem of problems) log.warn('a manifest is not applied', { problem })
    waitMs = problems.length > 0 ? Math.min(waitMs === REPEAT_MS ? FIRST_RETRY_MS : waitMs * 2, REPEAT_MS) : REPEAT_MS
  }
}

/** Applies what the folder holds now. Resolves to what went wrong. */
async function applyFolder(
  options: KeepAppliedOptions,
  held: Map<string, readonly Manifest[]>,
): Promise<readonly string[]> {
  const content = readFolder(options.folder)
  const unreadable = remember(held, content)
  const { client, transport, env } = options
  const objects = [...held.values()].flat()
  const inventory = configMapInventory(client, 'kube-system', 'skiff-manifests')
  const result = await applyManifests({ client, transport, objects, inventory, prune: unreadable.length === 0 })
  env.log.debug('manifests are applied', { applied: result.applied, removed: result.removed })
  return [...unreadable, ...result.problems]
}

/** Takes over what could be read; a file that could not keeps what it held. Gives the problems. */
function remember(held: Map<string, readonly Manifest[]>, content: FolderContent): string[] {
  for (const file of held.keys()) if (!content.has(file)) held.delete(file)
  return [...content].flatMap(([file, found]) => {
    if ('problem' in found) return [`${file}: ${found.problem}`]
    held.set(file, found.objects)
    return []
  })
}

interface Changes {
  /** Resolves some time after the next change, or after `timeoutMs`, or when the signal aborts. */
  next(timeoutMs: number): Promise<void>
}

function watchFolder({ folder, env, signal }: KeepAppliedOptions): Changes {
  let changed = false
  let wake = (): void => {}
  const follow = async (): Promise<void> => {
    for await (const _ of watch(folder, { recursive: true, signal })) {
      changed = true
      wake()
    }
  }
  follow().catch((error: unknown) => {
    if (!signal.aborted) env.log.warn('the folder cannot be watched; it is read once a minute', { folder, err: error })
  })
  return {
    async next(timeoutMs) {
      if (!changed) await soonerOf((resolve) => (wake = resolve), env, timeoutMs, signal)
      if (changed) await sleep(env.clock, SETTLE_MS, signal).catch(() => undefined)
      changed = false
    },
  }
}

function soonerOf(
  onWake: (resolve: () => void) => void,
  env: Env,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<void> {
  return new Promise((resolve) => {
    const timer = env.clock.setTimer(done, timeoutMs)
    signal.addEventListener('abort', done, { once: true })
    function done(): void {
      timer.cancel()
      signal.removeEventListener('abort', done)
      resolve()
    }
    onWake(done)
  })
}

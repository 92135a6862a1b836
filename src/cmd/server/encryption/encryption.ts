import { dirname } from 'node:path'
import { builtInResources } from '../../../api/index.ts'
import type { HealthCheck } from '../../../apiserver/health/health.ts'
import type { Metrics } from '../../../apiserver/metrics/metrics.ts'
import { UserError, messageOf } from '../../../host/user-error.ts'
import { sleep } from '../../../lib/clock.ts'
import type { Env } from '../../../lib/env.ts'
import { EncryptedStore } from '../../../store/encryption/encrypted-store.ts'
import { resourceName, SealedKeys, type ResourcePlace } from '../../../store/encryption/resources.ts'
import type { Store } from '../../../store/store.ts'
import type { EncryptionConfig } from '../api-config/encryption.ts'
import { watchFolder } from '../file-watch.ts'
import { encryptionHash, loadEncryption } from './load.ts'
import { encryptionMeters, type EncryptionMeters } from './metrics.ts'
import { kmsHealth, openProviders, type Providers } from './providers.ts'

/** How often the file is looked at where nothing tells that it changes, and how soon again after it could not be used. */
const POLL_MS = 60_000
const RETRY_MS = 1000
/** New key services have so long to become healthy, at least. */
const MIN_PATIENCE_MS = 10_000
const HEALTH_POLL_MS = 100

export interface EncryptionOptions {
  readonly config: EncryptionConfig
  readonly env: Env
  readonly metrics: Metrics
  /** The API server's name. */
  readonly server: string
}

/** Encryption at rest while a server runs. */
export interface Encryption {
  /** The store, with what is configured encrypted. */
  over(store: Store): Store
  readonly healthChecks: readonly HealthCheck[]
  close(): Promise<void>
}

/** Starts it. Key services that do not answer keep nothing from starting: what needs them fails until they do. */
export async function startEncryption(options: EncryptionOptions): Promise<Encryption> {
  const { config, env, metrics, server } = options
  const meters = encryptionMeters(metrics, env.clock, server)
  let providers = await openProviders(config.loaded.config, env, meters)
  meters.configured(config.loaded.hash)
  if (isNeededToStart(providers)) await waitToStart(providers, env)
  const keys = new SealedKeys(placesOfBuiltIns(), providers.transformers)
  const ending = new AbortController()
  const old = new Set<Providers>()
  const replace = (next: Providers): void => {
    const before = providers
    providers = next
    keys.replace(next.transformers)
    // Requests under way may still need it.
    old.add(before)
    env.clock.setTimer(() => {
      before.close()
      old.delete(before)
    }, 2 * before.patienceMs)
  }
  const following = config.reload ? follow({ ...options, meters, replace, signal: ending.signal }) : Promise.resolve()
  return {
    over: (store) => new EncryptedStore(store, keys),
    healthChecks: config.reload || providers.kmsResources.size > 0 ? [kmsHealth(() => providers.check())] : [],
    async close() {
      ending.abort(new Error('the server ends'))
      await following
      for (const one of [providers, ...old]) one.close()
    },
  }
}

/** Where the objects of built-in kinds are kept, under the group that keeps them. */
function placesOfBuiltIns(): ResourcePlace[] {
  return builtInResources
    .filter(({ virtual }) => !virtual)
    .map((definition) => {
      const { group, plural, storagePrefix } = definition.storedAs?.definition ?? definition
      return { group, resource: plural, storagePrefix }
    })
}

/** Whether the server cannot begin without its key services: they stand before what it makes itself, or looks at all the time. */
function isNeededToStart({ kmsResources }: Providers): boolean {
  return placesOfBuiltIns().some(
    ({ group, resource }) =>
      resourceName({ group, resource }) !== 'secrets' &&
      [resourceName({ group, resource }), resourceName({ group, resource: '*' }), '*.*'].some((name) =>
        kmsResources.has(name),
      ),
  )
}

/** How long a server waits for them before it gives up. */
const START_PATIENCE_MS = 300_000

async function waitToStart(providers: Providers, { clock, log }: Env): Promise<void> {
  const deadline = clock.monotonic() + START_PATIENCE_MS
  for (let tries = 0; ; tries++) {
    try {
      return await providers.check()
    } catch (cause) {
      const why = messageOf(cause)
      if (clock.monotonic() >= deadline) {
        providers.close()
        throw new UserError(`what the server itself keeps is encrypted by a key service that does not work: ${why}`, {
          cause,
        })
      }
      if (tries === 0) log.warn('waiting for a key service that the server itself needs', { err: cause })
      await sleep(clock, RETRY_MS)
    }
  }
}

interface Following extends EncryptionOptions {
  readonly meters: EncryptionMeters
  readonly signal: AbortSignal
  replace(providers: Providers): void
}

/** Puts what the file says in place whenever it says something else, and is well. Until the signal aborts. */
async function follow(options: Following): Promise<void> {
  const { config, env, meters, signal } = options
  let { hash } = config.loaded
  let failures = 0
  let change = Promise.withResolvers<void>()
  // Where nothing can be watched, looking from time to time has to do.
  const end = watchFolder(
    dirname(config.loaded.file),
    () => change.resolve(),
    () => {},
  )
  signal.addEventListener('abort', end, { once: true })
  while (!signal.aborted) {
    const restMs = failures === 0 ? POLL_MS : Math.min(POLL_MS, RETRY_MS * 2 ** failures)
    await restUnless(change.promise, restMs, options)
    if (signal.aborted) return
    change = Promise.withResolvers()
    try {
      const loaded = await reloaded(options, hash)
      failures = 0
      if (loaded === undefined) continue
      hash = loaded
      meters.reloaded('success')
      meters.configured(hash)
      env.log.info('the encryption configuration was reloaded', { file: config.loaded.file, hash })
    } catch (err) {
      if (signal.aborted) return
      failures++
      meters.reloaded('failure')
      env.log.error('the encryption configuration cannot be reloaded; the last one stays', {
        file: config.loaded.file,
        err,
      })
    }
  }
}

/** Resolves when the time is over, something has changed, or the signal aborts. */
async function restUnless(changed: Promise<void>, restMs: number, { env, signal }: Following): Promise<void> {
  const resting = new AbortController()
  const rested = sleep(env.clock, restMs, AbortSignal.any([signal, resting.signal])).catch(() => undefined)
  await Promise.race([rested, changed])
  resting.abort()
}

/** The hash of the new configuration; undefined when nothing has changed. */
async function reloaded(options: Following, hash: string): Promise<string | undefined> {
  const { config, env, meters } = options
  const { file } = config.loaded
  if (encryptionHash(file) === hash) return undefined
  const loaded = loadEncryption(file, true)
  if (loaded.hash === hash) return undefined
  const providers = await openProviders(loaded.config, env, meters)
  try {
    await becomesHealthy(providers, options)
  } catch (error) {
    providers.close()
    throw error
  }
  options.replace(providers)
  return loaded.hash
}

async function becomesHealthy(providers: Providers, { env, signal }: Following): Promise<void> {
  const { clock } = env
  const deadline = clock.monotonic() + Math.max(MIN_PATIENCE_MS, 2 * providers.patienceMs)
  for (;;) {
    try {
      return await providers.check()
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause)
      if (clock.monotonic() >= deadline) throw new Error(`health check for new transformers failed: ${why}`, { cause })
      await sleep(clock, HEALTH_POLL_MS, signal)
    }
  }
}

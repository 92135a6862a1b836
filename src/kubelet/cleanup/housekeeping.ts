import { sleep } from '../../lib/clock.ts'
import { Evictor, type Pressure } from '../eviction/evictor.ts'
import { ImageCollector } from '../images/collector.ts'
import { rotateLog } from '../logs/rotation.ts'
import type { PodMeans } from '../pod/means.ts'
import type { PodWorkers } from '../pod/workers.ts'

/** How often the node is looked at for what no event tells: full disks, scarce memory, long logs (upstream's intervals). */
const LOOK_MS = 10_000
/** Images are looked at once in so many looks. */
const LOOKS_PER_IMAGE_COLLECTION = 30

export interface HousekeepingOptions {
  readonly means: PodMeans
  readonly workers: PodWorkers
  readonly onPressure: (pressure: Pressure) => void
}

/** Keeps the node in order until the signal aborts. */
export async function keepHouse(
  { means, workers, onPressure }: HousekeepingOptions,
  signal: AbortSignal,
): Promise<void> {
  const { env } = means
  const evictor = new Evictor(means, workers)
  const collector = new ImageCollector({
    images: means.imageService,
    files: means.host.files,
    env,
    dir: means.config.rootDir,
    inUse: () => imagesInUse(means),
  })
  const attempt = (what: string, work: Promise<unknown>): Promise<unknown> =>
    work.catch((err: unknown) => env.log.warn(`${what} failed`, { err }))
  for (let looks = 1; !signal.aborted; looks++) {
    await sleep(env.clock, LOOK_MS, signal).catch(() => undefined)
    if (signal.aborted) return
    await attempt('looking for pressure', evictor.look().then(onPressure))
    await attempt('log rotation', rotateLogs(means))
    if (looks % LOOKS_PER_IMAGE_COLLECTION === 0) await attempt('image collection', collector.collect())
  }
}

async function rotateLogs({ observed, host, runtime, config, env }: PodMeans): Promise<void> {
  const options = {
    files: host.files,
    runtime,
    maxBytes: config.containerLogMaxBytes,
    maxFiles: config.containerLogMaxFiles,
  }
  const version = new Date(env.clock.now())
    .toISOString()
    .replaceAll(/[-:]|\.\d+Z$/g, '')
    .replace('T', '-')
  for (const { containers } of observed.all()) {
    for (const { id, state, logPath } of containers) {
      if (state === 'running' && logPath) await rotateLog({ id, logPath }, version, options)
    }
  }
}

function imagesInUse({ observed }: PodMeans): ReadonlySet<string> {
  const names = new Set<string>()
  for (const { containers } of observed.all())
    for (const { image, imageRef } of containers) names.add(image).add(imageRef)
  return names
}

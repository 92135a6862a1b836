import type * as cri from '../cri/generated/types.ts'
import type { ImageService } from '../cri/services.ts'
import type { Files } from '../host/files.ts'
import type { Env } from '../../lib/env.ts'

export interface ImageCollectorOptions {
  readonly images: ImageService
  readonly files: Files
  readonly env: Env
  /** A folder on the file system of the images. */
  readonly dir: string
  /** The images that some container was made from: names and ids. */
  readonly inUse: () => ReadonlySet<string>
}

/** Above the first share of use images are removed until the second is reached (upstream's imageGCHighThresholdPercent and Low). */
const HIGH = 0.85
const LOW = 0.8
/** An image that has not been unused for so long stays: a pod may be on its way. */
const MIN_AGE_MS = 120_000

/** Removes images that nobody uses when the disk fills up, those unused for longest first. */
export class ImageCollector {
  readonly #options: ImageCollectorOptions
  /** When an image was last seen in use, or first seen at all. */
  readonly #lastUsed = new Map<string, number>()

  constructor(options: ImageCollectorOptions) {
    this.#options = options
  }

  /** One look. Resolves to the ids that were removed. */
  async collect(): Promise<string[]> {
    const { images, files, dir } = this.#options
    const candidates = this.#candidates(await images.listImages())
    const { capacityBytes, availableBytes } = await files.statfs(dir)
    const used = capacityBytes - availableBytes
    if (capacityBytes === 0 || used < capacityBytes * HIGH) return []
    let excess = used - capacityBytes * LOW
    const removed: string[] = []
    for (const { id, size } of candidates) {
      if (excess <= 0) break
      await images.removeImage({ image: id })
      this.#lastUsed.delete(id)
      removed.push(id)
      excess -= size
    }
    this.#options.env.log.info('removed unused images', { count: removed.length })
    return removed
  }

  #candidates(all: readonly cri.Image[]): cri.Image[] {
    const { env, inUse } = this.#options
    const now = env.clock.now()
    const using = inUse()
    const isUsed = ({ id, repoTags, repoDigests, pinned }: cri.Image): boolean =>
      pinned || [id, ...repoTags, ...repoDigests].some((name) => using.has(name))
    for (const image of all) if (isUsed(image) || !this.#lastUsed.has(image.id)) this.#lastUsed.set(image.id, now)
    const age = ({ id }: cri.Image): number => now - (this.#lastUsed.get(id) ?? now)
    return all.filter((image) => !isUsed(image) && age(image) >= MIN_AGE_MS).sort((a, b) => age(b) - age(a))
  }
}

import { CriError } from '../cri/error.ts'
import type * as cri from '../cri/generated/types.ts'
import type { Init } from '../cri/init.ts'
import type { ImageService } from '../cri/services.ts'
import { sleep } from '../../lib/clock.ts'
import type { Env } from '../../lib/env.ts'
import { imageScript, type Script } from './script.ts'

const DEFAULT_SIZE_BYTES = 10_000_000

/** The images of a simulated machine: whatever is asked for is there, unless the script says otherwise. */
export class SimulatedImages implements ImageService {
  readonly #env: Env
  readonly #script: Script
  readonly #signal: AbortSignal | undefined
  readonly #seen = new Set<string>()
  readonly #pulled = new Set<string>()

  /** `signal`: the machine is switched off. */
  constructor(env: Env, script: Script, signal?: AbortSignal) {
    this.#env = env
    this.#signal = signal
    this.#script = script
  }

  async imageStatus({ image = '' }: Init<cri.ImageSpec>): Promise<cri.ImageStatusResponse> {
    const name = image.replace(/^sha256:simulated\//, '')
    if (imageScript(this.#script, name).absent === true && !this.#pulled.has(name)) return { info: {} }
    this.#seen.add(name)
    return { image: this.#imageOf(name), info: {} }
  }

  async pullImage({ image = '' }: Init<cri.ImageSpec>): Promise<string> {
    const { pullMs, pullError } = imageScript(this.#script, image)
    if (pullMs) await sleep(this.#env.clock, pullMs, this.#signal)
    if (pullError !== undefined)
      throw new CriError('NotFound', `failed to pull and unpack image ${JSON.stringify(image)}: ${pullError}`)
    this.#pulled.add(image)
    return `sha256:simulated/${image}`
  }

  async removeImage({ image = '' }: Init<cri.ImageSpec>): Promise<void> {
    const name = image.replace(/^sha256:simulated\//, '')
    this.#pulled.delete(name)
    this.#seen.delete(name)
  }

  async listImages(): Promise<cri.Image[]> {
    return [...this.#seen].map((name) => this.#imageOf(name))
  }

  async imageFsInfo(): Promise<cri.ImageFsInfoResponse> {
    return { imageFilesystems: [], containerFilesystems: [] }
  }

  #imageOf(name: string): cri.Image {
    const { sizeBytes = DEFAULT_SIZE_BYTES, user } = imageScript(this.#script, name)
    return {
      id: `sha256:simulated/${name}`,
      repoTags: [name],
      repoDigests: [],
      size: sizeBytes,
      username: '',
      pinned: false,
      ...(user !== undefined && { uid: { value: user } }),
    }
  }
}

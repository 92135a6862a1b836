import type { Frozen } from '../../apimachinery/meta.ts'
import type { Secret } from '../../api/generated/types/core/v1.ts'
import { formatDuration } from '../../apimachinery/duration/duration.ts'
import { CriError } from '../cri/error.ts'
import type * as cri from '../cri/generated/types.ts'
import type { Init } from '../cri/init.ts'
import type { ImageService } from '../cri/services.ts'
import type { Env } from '../../lib/env.ts'
import { Backoff } from '../backoff.ts'
import type { ImageUser } from '../container/security.ts'
import { uidOf, type Pod } from '../pod/spec.ts'
import { StartError, textOf } from '../start-error.ts'
import { credentialsFor } from './credentials.ts'
import { withDefaultTag } from './reference.ts'

export interface ImagePullerOptions {
  readonly images: ImageService
  readonly env: Env
  /** Pulls at a time. */
  readonly parallel: number
}

/** An image that is there. */
export interface ReadyImage {
  /** What the runtime knows it by. */
  readonly ref: string
  readonly user: ImageUser
}

/** What is wanted: an image for one of a pod's containers. */
export interface ImageRequest {
  readonly pod: Pod
  readonly image: string
  readonly policy: 'Always' | 'IfNotPresent' | 'Never'
  /** The pod's pull secrets, those that exist. */
  readonly secrets: readonly Frozen<Secret>[]
  readonly sandbox: Init<cri.PodSandboxConfig>
  readonly event: (type: 'Normal' | 'Warning', reason: string, message: string) => void
}

const BACKOFF_MS = { first: 10_000, most: 300_000 }

/**
 * How long a failed pull is told as such, before it is told that the next one has to wait: upstream's kubelet looks again when it next
 * lists what runs.
 */
const TOLD_MS = 1_000

/** Makes images available, as their pull policy says, with back-off by pod and image (upstream's pkg/kubelet/images). */
export class ImagePuller {
  readonly #options: ImagePullerOptions
  readonly #backoff: Backoff
  /** The last failure by back-off key, for the message while it waits. */
  readonly #failures = new Map<string, string>()
  readonly #queue: (() => void)[] = []
  #running = 0

  constructor(options: ImagePullerOptions) {
    this.#options = options
    this.#backoff = new Backoff(options.env.clock, BACKOFF_MS.first, BACKOFF_MS.most)
  }

  /** Resolves when the image is there. Rejects with a StartError. */
  async ensure(request: ImageRequest): Promise<ReadyImage> {
    const { image, policy, event } = request
    const tagged = this.#tagged(request)
    const present = await this.#inspect(tagged, request)
    if (present !== undefined && policy !== 'Always') {
      event(
        'Normal',
        'Pulled',
        `Container image ${JSON.stringify(image)} already present on machine and can be accessed by the pod`,
      )
      return present
    }
    if (policy === 'Never') {
      const message = `Container image ${JSON.stringify(image)} is not present with pull policy of Never`
      event('Warning', 'ErrImageNeverPull', message)
      throw new StartError('ErrImageNeverPull', message)
    }
    return this.#pull(tagged, request)
  }

  /** Drops what is remembered for a pod. */
  forget(uid: string): void {
    this.#backoff.forget(`${uid}_`)
    for (const key of this.#failures.keys()) if (key.startsWith(`${uid}_`)) this.#failures.delete(key)
  }

  #tagged({ image, event }: ImageRequest): string {
    try {
      return withDefaultTag(image)
    } catch (error) {
      const message = `Failed to apply default image tag ${JSON.stringify(image)}: ${textOf(error)}`
      event('Warning', 'InspectFailed', message)
      throw new StartError('InvalidImageName', message)
    }
  }

  async #inspect(tagged: string, { image, event }: ImageRequest): Promise<ReadyImage | undefined> {
    try {
      const { image: found } = await this.#options.images.imageStatus({ image: tagged })
      return found && { ref: found.id, user: userOf(found) }
    } catch (error) {
      const message = `Failed to inspect image ${JSON.stringify(image)}: ${textOf(error)}`
      event('Warning', 'InspectFailed', message)
      throw new StartError('ImageInspectError', message)
    }
  }

  async #pull(tagged: string, request: ImageRequest): Promise<ReadyImage> {
    const { pod, image, event } = request
    const { clock } = this.#options.env
    const key = `${uidOf(pod)}_${image}`
    const waitUntil = this.#backoff.waiting(key)
    if (waitUntil !== undefined) {
      const message = `Back-off pulling image ${JSON.stringify(image)}`
      event('Normal', 'BackOff', message)
      const last = this.#failures.get(key)
      throw new StartError('ImagePullBackOff', last === undefined ? message : `${message}: ${last}`, waitUntil)
    }
    event('Normal', 'Pulling', `Pulling image ${JSON.stringify(image)}`)
    const asked = clock.monotonic()
    const release = await this.#turn()
    const began = clock.monotonic()
    try {
      const ref = await this.#pullWithCredentials(tagged, request)
      const now = clock.monotonic()
      const { image: pulled } = await this.#options.images.imageStatus({ image: ref })
      event(
        'Normal',
        'Pulled',
        `Successfully pulled image ${JSON.stringify(image)} in ${seconds(now - began)} (${seconds(now - asked)} including waiting). Image size: ${pulled?.size ?? 0} bytes.`,
      )
      this.#backoff.forget(key)
      this.#failures.delete(key)
      return { ref, user: pulled ? userOf(pulled) : { name: '' } }
    } catch (error) {
      event('Warning', 'Failed', `Failed to pull image ${JSON.stringify(image)}: ${textOf(error)}`)
      this.#backoff.next(key, clock.now())
      const failure = pullFailure(image, error)
      this.#failures.set(key, `${failure.reason}: ${failure.message}`)
      throw new StartError(failure.reason, failure.message, clock.now() + TOLD_MS)
    } finally {
      release()
    }
  }

  /** Each fitting credential in turn; without any, as nobody. Rejects with the last failure. */
  async #pullWithCredentials(tagged: string, { secrets, sandbox, pod }: ImageRequest): Promise<string> {
    const { images } = this.#options
    const spec = { image: tagged, annotations: pod.metadata.annotations ?? {} }
    const [first, ...others] = credentialsFor(tagged, secrets)
    let attempt = images.pullImage(spec, first, sandbox)
    for (const auth of others) attempt = attempt.catch(() => images.pullImage(spec, auth, sandbox))
    return attempt
  }

  async #turn(): Promise<() => void> {
    if (this.#running >= this.#options.parallel) await new Promise<void>((resolve) => this.#queue.push(resolve))
    this.#running++
    return () => {
      this.#running--
      this.#queue.shift()?.()
    }
  }
}

/** An image that names no user runs as root. */
function userOf({ uid, username }: cri.Image): ImageUser {
  if (uid) return { uid: uid.value, name: '' }
  return username === '' ? { uid: 0, name: '' } : { name: username }
}

const seconds = (ms: number): string => formatDuration(Math.trunc(ms))

/** Two failures have a name of their own, by which runtimes begin their message. */
const NAMED_FAILURES: readonly { readonly reason: string; readonly because: string }[] = [
  { reason: 'RegistryUnavailable', because: 'the registry is unavailable' },
  { reason: 'SignatureValidationFailed', because: 'the signature validation failed' },
]

function pullFailure(image: string, error: unknown): { readonly reason: string; readonly message: string } {
  const detail = error instanceof CriError ? error.detail : textOf(error)
  for (const { reason, because } of NAMED_FAILURES) {
    if (detail.startsWith(reason))
      return { reason, message: `image pull failed for ${image} because ${because}${detail.slice(reason.length)}` }
  }
  return { reason: 'ErrImagePull', message: textOf(error) }
}

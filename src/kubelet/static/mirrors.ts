import { pods as podResource } from '../../api/core/v1/pod.ts'
import type { Node } from '../../api/generated/types/core/v1.ts'
import { keyOf, type Frozen } from '../../apimachinery/meta.ts'
import { hasReason } from '../../apimachinery/status.ts'
import type { Client } from '../../client/client.ts'
import type { Env } from '../../lib/env.ts'
import type { PodHandler } from '../pod/source.ts'
import { uidOf, type Pod } from '../pod/spec.ts'
import { mirroredUid, STATIC } from './manifest.ts'

export interface MirrorOptions {
  readonly client: Client
  readonly env: Env
  /** Who hears of ordinary pods. */
  readonly handler: PodHandler
  readonly node: () => Frozen<Node> | undefined
  /** A static pod's mirror has come, so that its status has where to be written. */
  readonly onMirror: (uid: string) => void
}

/**
 * The API's pictures of static pods. Each static pod has one, so that it is seen; who deletes it changes nothing, it is made anew.
 * Stands between the watch of the node's pods and their workers, and keeps the pictures from being taken for pods.
 */
export class MirrorPods implements PodHandler {
  readonly #options: MirrorOptions
  readonly #mirrors = new Map<string, Pod>()
  readonly #statics = new Map<string, Pod>()
  #synced = false

  constructor(options: MirrorOptions) {
    this.#options = options
  }

  /** The picture of a static pod, when the API has it. */
  of(pod: Pod): Pod | undefined {
    const mirror = this.#mirrors.get(keyOf(pod))
    return mirror && mirroredUid(mirror) === uidOf(pod) ? mirror : undefined
  }

  /** A static pod is to be seen in the API from now on. */
  show(pod: Pod): void {
    this.#statics.set(keyOf(pod), pod)
    if (this.#synced) this.#sync(keyOf(pod))
  }

  /** And no longer. */
  hide(pod: Pod): void {
    if (this.#statics.get(keyOf(pod)) === pod) this.#statics.delete(keyOf(pod))
    this.#sync(keyOf(pod))
  }

  set(pod: Pod): void {
    const uid = mirroredUid(pod)
    if (uid === undefined) return this.#options.handler.set(pod)
    this.#mirrors.set(keyOf(pod), pod)
    if (this.#synced) this.#sync(keyOf(pod))
    this.#options.onMirror(uid)
  }

  removed(pod: Pod): void {
    if (mirroredUid(pod) === undefined) return this.#options.handler.removed(pod)
    this.#mirrors.delete(keyOf(pod))
    this.#sync(keyOf(pod))
  }

  synced(): void {
    this.#synced = true
    for (const key of new Set([...this.#statics.keys(), ...this.#mirrors.keys()])) this.#sync(key)
    this.#options.handler.synced()
  }

  /** Makes what is missing, and takes away what shows no pod, or an earlier version of it. Events of the watch lead to the next step. */
  #sync(key: string): void {
    const { env } = this.#options
    const [pod, mirror] = [this.#statics.get(key), this.#mirrors.get(key)]
    const step =
      mirror && (!pod || mirroredUid(mirror) !== uidOf(pod))
        ? this.#delete(mirror)
        : pod && !mirror
          ? this.#create(pod)
          : undefined
    step?.catch((err: unknown) => env.log.warn('could not mirror a static pod', { pod: key, err }))
  }

  async #create(pod: Pod): Promise<void> {
    const { client, node } = this.#options
    const { uid, annotations = {}, ...metadata } = pod.metadata
    const { name = '', uid: nodeUid = '' } = node()?.metadata ?? {}
    await client(podResource)
      .create({
        ...pod,
        metadata: {
          ...metadata,
          annotations: { ...annotations, [STATIC.mirror]: uid ?? '' },
          ownerReferences: [{ apiVersion: 'v1', kind: 'Node', name, uid: nodeUid, controller: true }],
        },
      })
      .catch((error: unknown) => {
        if (!hasReason(error, 'AlreadyExists')) throw error
      })
  }

  async #delete(mirror: Pod): Promise<void> {
    const uid = uidOf(mirror)
    await this.#options
      .client(podResource)
      .delete(keyOf(mirror), { gracePeriodSeconds: 0, preconditions: { uid } })
      .catch((error: unknown) => {
        if (!hasReason(error, 'NotFound', 'Conflict')) throw error
      })
  }
}

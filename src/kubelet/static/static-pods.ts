import { isFileError, type Files } from '../host/files.ts'
import type { Env } from '../../lib/env.ts'
import { uidOf, type Pod } from '../pod/spec.ts'
import type { PodWorkers } from '../pod/workers.ts'
import { textOf } from '../start-error.ts'
import { staticPods } from './manifest.ts'
import type { MirrorPods } from './mirrors.ts'

export interface StaticPodsOptions {
  readonly env: Env
  readonly files: Files
  /** The folder of manifests. */
  readonly dir: string
  readonly nodeName: string
  readonly workers: PodWorkers
  readonly mirrors: MirrorPods
}

/** Pods that run because a file on the node says so, with or without an API. */
export class StaticPods {
  readonly #options: StaticPodsOptions
  /** By uid. */
  readonly #running = new Map<string, Pod>()
  /** What a file held when it was last good: a bad change leaves its pods alone. */
  readonly #good = new Map<string, readonly Pod[]>()

  constructor(options: StaticPodsOptions) {
    this.#options = options
  }

  /** Reads the folder once, and starts and ends pods by what it says. */
  async read(): Promise<void> {
    const wanted = new Map<string, Pod>()
    for (const pods of (await this.#files()).values()) for (const pod of pods) wanted.set(uidOf(pod), pod)
    const ended: Promise<void>[] = []
    for (const [uid, pod] of this.#running) if (!wanted.has(uid)) ended.push(this.#end(uid, pod))
    for (const [uid, pod] of wanted) {
      if (this.#running.has(uid)) continue
      this.#running.set(uid, pod)
      // A new version waits for the old one's end: they have the same name and ports.
      void Promise.all(ended).then(() => this.#start(uid, pod))
    }
  }

  /** Reads it again whenever it changes, until the signal aborts. */
  async follow(signal: AbortSignal): Promise<void> {
    const { files, dir } = this.#options
    await files.mkdir(dir)
    for await (const _ of files.changes(`${dir}/manifest`, signal)) await this.read()
  }

  #start(uid: string, pod: Pod): void {
    if (this.#running.get(uid) !== pod) return
    this.#options.workers.set(pod)
    this.#options.mirrors.show(pod)
  }

  #end(uid: string, pod: Pod): Promise<void> {
    const { workers, mirrors } = this.#options
    this.#running.delete(uid)
    mirrors.hide(pod)
    const gone = workers.gone(uid)
    workers.removed(pod)
    return gone
  }

  async #files(): Promise<ReadonlyMap<string, readonly Pod[]>> {
    const { files, dir } = this.#options
    const entries = await files.readdir(dir).catch((error: unknown) => {
      if (isFileError(error, 'ENOENT')) return []
      throw error
    })
    const names = entries.map(({ name }) => name).filter((name) => /^[^.].*\.(ya?ml|json)$/.test(name))
    for (const known of this.#good.keys()) if (!names.includes(known)) this.#good.delete(known)
    for (const name of names.sort()) await this.#read(name)
    return this.#good
  }

  async #read(name: string): Promise<void> {
    const { files, dir, env, nodeName } = this.#options
    try {
      const text = new TextDecoder().decode(await files.read(`${dir}/${name}`))
      this.#good.set(name, await staticPods(text, nodeName, env))
    } catch (error) {
      env.log.warn('a manifest of static pods is not usable', { file: `${dir}/${name}`, why: textOf(error) })
    }
  }
}

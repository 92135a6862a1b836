import { configMaps } from '../../api/core/v1/configmap.ts'
import { persistentVolumeClaims } from '../../api/core/v1/persistentvolumeclaim.ts'
import { persistentVolumes } from '../../api/core/v1/persistentvolume.ts'
import { secrets } from '../../api/core/v1/secret.ts'
import { runtimeClasses } from '../../api/node/v1/runtimeclass.ts'
import type { ConfigMap, Secret, Service } from '../../api/generated/types/core/v1.ts'
import type { Frozen, KubeObject } from '../../apimachinery/meta.ts'
import type { ResourceDefinition } from '../../apimachinery/resource.ts'
import { hasReason } from '../../apimachinery/status.ts'
import type { Client } from '../../client/client.ts'
import { Informer } from '../../client/informer/informer.ts'
import { until } from '../../client/informer/wait.ts'
import type { Env } from '../../lib/env.ts'
import type { ObjectRef, ReferencedObjects } from './objects.ts'

export interface WatchedObjectsOptions {
  readonly client: Client
  readonly env: Env
  /** Of all Services; run by whoever made it. */
  readonly services: Informer<Service>
  /** An object that this pod refers to has changed. */
  readonly onChange: (uid: string) => void
  readonly signal: AbortSignal
}

type Referenced = ConfigMap | Secret

interface Watched {
  readonly informer: Informer<Referenced>
  readonly stop: AbortController
  readonly pods: Set<string>
}

/** An object that was asked for and does not come is given up after this long, to be asked for again. */
const SYNC_TIMEOUT_MS = 10_000

/** Referenced objects over the API: one informer for each ConfigMap and Secret that some pod here refers to. */
export class WatchedObjects implements ReferencedObjects {
  readonly #options: WatchedObjectsOptions
  readonly #watched = new Map<string, Watched>()
  readonly #byPod = new Map<string, ReadonlySet<string>>()

  constructor(options: WatchedObjectsOptions) {
    this.#options = options
  }

  retain(uid: string, namespace: string, refs: readonly ObjectRef[]): void {
    const wanted = new Set(refs.map(({ kind, name }) => keyOf(kind, namespace, name)))
    for (const { kind, name } of refs) this.#watch(kind, namespace, name).pods.add(uid)
    for (const key of this.#byPod.get(uid) ?? []) if (!wanted.has(key)) this.#release(key, uid)
    if (wanted.size > 0) this.#byPod.set(uid, wanted)
    else this.#byPod.delete(uid)
  }

  configMap(namespace: string, name: string): Promise<Frozen<ConfigMap> | undefined> {
    return this.#get('ConfigMap', namespace, name)
  }

  secret(namespace: string, name: string): Promise<Frozen<Secret> | undefined> {
    return this.#get('Secret', namespace, name)
  }

  claim(namespace: string, name: string): ReturnType<ReferencedObjects['claim']> {
    return this.#ask(persistentVolumeClaims, `${namespace}/${name}`)
  }

  persistentVolume(name: string): ReturnType<ReferencedObjects['persistentVolume']> {
    return this.#ask(persistentVolumes, name)
  }

  runtimeClass(name: string): ReturnType<ReferencedObjects['runtimeClass']> {
    return this.#ask(runtimeClasses, name)
  }

  async services(): Promise<readonly Frozen<Service>[]> {
    const { services } = this.#options
    await this.#synced(services)
    return services.lister.list()
  }

  async #ask<T extends KubeObject>(resource: ResourceDefinition<T>, key: string): Promise<Frozen<T> | undefined> {
    return this.#options
      .client(resource)
      .get(key)
      .catch((error: unknown) => {
        if (hasReason(error, 'NotFound')) return undefined
        throw error
      })
  }

  async #get<T extends Referenced>(
    kind: ObjectRef['kind'],
    namespace: string,
    name: string,
  ): Promise<Frozen<T> | undefined> {
    const watched = this.#watched.get(keyOf(kind, namespace, name))
    if (!watched) throw new Error(`object ${JSON.stringify(namespace)}/${JSON.stringify(name)} not registered`)
    await this.#synced(watched.informer)
    return watched.informer.lister.get(`${namespace}/${name}`) as Frozen<T> | undefined
  }

  async #synced<T extends KubeObject>(informer: Informer<T>): Promise<void> {
    if (informer.synced) return
    const { env, signal } = this.#options
    const timeout = new AbortController()
    const late = new Error('timed out waiting for the condition')
    const timer = env.clock.setTimer(() => timeout.abort(late), SYNC_TIMEOUT_MS)
    await until(informer, () => informer.synced, AbortSignal.any([signal, timeout.signal])).finally(() =>
      timer.cancel(),
    )
  }

  #watch(kind: ObjectRef['kind'], namespace: string, name: string): Watched {
    const key = keyOf(kind, namespace, name)
    const known = this.#watched.get(key)
    if (known) return known
    const { client, env, signal } = this.#options
    const resource = (kind === 'ConfigMap' ? configMaps : secrets) as unknown as ResourceDefinition<Referenced>
    const informer = new Informer<Referenced>({
      client,
      env,
      resource,
      scope: { namespace, fieldSelector: `metadata.name=${name}` },
    })
    const watched: Watched = { informer, stop: new AbortController(), pods: new Set() }
    const tell = (): void => {
      if (informer.synced) for (const uid of watched.pods) this.#options.onChange(uid)
    }
    informer.addHandler({ onAdd: tell, onUpdate: tell, onDelete: tell })
    informer
      .run(AbortSignal.any([signal, watched.stop.signal]))
      .catch((err: unknown) => env.log.warn('watch of a referenced object ended', { kind, namespace, name, err }))
    this.#watched.set(key, watched)
    return watched
  }

  #release(key: string, uid: string): void {
    const watched = this.#watched.get(key)
    watched?.pods.delete(uid)
    if (!watched || watched.pods.size > 0) return
    watched.stop.abort()
    this.#watched.delete(key)
  }
}

const keyOf = (kind: ObjectRef['kind'], namespace: string, name: string): string => `${kind}/${namespace}/${name}`

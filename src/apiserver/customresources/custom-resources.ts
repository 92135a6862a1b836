import { stringifyJson } from '../../apimachinery/codec/json/encode.ts'
import type {
  CustomResourceDefinition,
  CustomResourceDefinitionNames,
} from '../../api/generated/types/apiextensions/v1.ts'
import { type Frozen, type KubeObject, timestamp } from '../../apimachinery/meta.ts'
import type { ResourceDefinition } from '../../apimachinery/resource.ts'
import { hasReason } from '../../apimachinery/status.ts'
import { sleep } from '../../lib/clock.ts'
import { type CallWebhook, noWebhooks } from '../admission/webhooks/types.ts'
import { handle } from '../inprocess/handle.ts'
import { guaranteedUpdate } from '../registry/guaranteed-update.ts'
import { collectionPrefix, type ServedResource } from '../registry/served.ts'
import type { ApiServer } from '../server.ts'
import { condition, isTrue, setCondition } from './conditions.ts'
import { ConvertedStore, type Versions } from './conversion/converted-store.ts'
import { renameVersion, webhookConversion } from './conversion/webhook.ts'
import { type CompiledVersion, compileVersions, publishedSchema } from './definition.ts'
import { CLEANUP_FINALIZER } from './deletion.ts'
import { acceptNames } from './names.ts'

type Crd = Frozen<CustomResourceDefinition & KubeObject>
type Draft = CustomResourceDefinition & KubeObject

/** As whom the objects of a removed kind are deleted. */
const SELF = { name: 'system:apiserver', groups: ['system:masters', 'system:authenticated'] }
const RETRY_MS = 1000
/** How often is looked whether the objects of a removed kind are gone. */
const POLL_MS = 200

export interface CustomResourcesOptions {
  /** The way to conversion webhooks. */
  readonly callWebhook?: CallWebhook
}

/**
 * Keeps the served resources in step with the CustomResourceDefinitions: accepts names, serves and withdraws versions, says so in
 * conditions, and removes the objects of a kind that goes.
 */
export class CustomResources {
  readonly #server: ApiServer
  readonly #resource: ServedResource
  readonly #callWebhook: CallWebhook
  readonly #known = new Map<string, Crd>()
  /** What is served for each CRD, and of which state of it. */
  readonly #served = new Map<string, { readonly definitions: readonly ResourceDefinition[]; readonly state: string }>()
  readonly #queue = new Set<string>()
  readonly #ended = new AbortController()
  #working: Promise<void> | undefined
  #stopWatch: () => void = () => {}

  constructor(server: ApiServer, { callWebhook = noWebhooks }: CustomResourcesOptions = {}) {
    const resource = server.resources.find('apiextensions.k8s.io', 'v1', 'customresourcedefinitions')
    if (!resource) throw new Error('CustomResourceDefinitions are not served')
    this.#server = server
    this.#callWebhook = callWebhook
    this.#resource = resource
  }

  /** Serves what is stored, and follows what happens from then on. Resolves when all stored definitions are served. */
  async start(): Promise<void> {
    await this.#learnAll()
    await this.#working
  }

  async #learnAll(): Promise<void> {
    const { store } = this.#server.registry
    const { entries, revision } = await store.range(collectionPrefix(this.#resource.definition, ''))
    const gone = new Set(this.#known.keys())
    for (const entry of entries) {
      const crd = this.#resource.codec.decodeEntry(entry) as Crd
      const { name = '' } = crd.metadata
      gone.delete(name)
      this.#learn(name, crd)
    }
    for (const name of gone) this.#learn(name, undefined)
    this.#follow(revision)
  }

  /** After the watch was lost, as when etcd forgot what was not seen yet. Never rejects. */
  async #learnAgain(): Promise<void> {
    const { env } = this.#server
    while (!this.#ended.signal.aborted) {
      try {
        return await this.#learnAll()
      } catch (err) {
        env.log.warn('custom resource definitions cannot be read, and are tried again', { err })
        await sleep(env.clock, RETRY_MS, this.#ended.signal).catch(() => undefined)
      }
    }
  }

  /** Ends; what is served stays so. */
  async stop(): Promise<void> {
    this.#ended.abort()
    this.#stopWatch()
    await this.#working
  }

  #follow(after: number): void {
    if (this.#ended.signal.aborted) return
    const { store } = this.#server.registry
    const prefix = collectionPrefix(this.#resource.definition, '')
    this.#stopWatch = store.watch(prefix, after, {
      onEvents: (events) => {
        for (const { key, entry } of events) {
          this.#learn(key.slice(prefix.length), entry && (this.#resource.codec.decodeEntry(entry) as Crd))
        }
      },
      onError: (error) => {
        this.#server.env.log.warn('custom resource definitions are read again', { err: error })
        void this.#learnAgain()
      },
    })
  }

  #learn(name: string, crd: Crd | undefined): void {
    if (crd) this.#known.set(name, crd)
    else this.#known.delete(name)
    this.#enqueue(name)
  }

  #enqueue(name: string): void {
    this.#queue.add(name)
    this.#working ??= this.#work().finally(() => (this.#working = undefined))
  }

  /** One after another: names are settled between them. */
  async #work(): Promise<void> {
    const { log } = this.#server.env
    // What is learnt in one go is worked on together.
    await Promise.resolve()
    for (const name of this.#queue) {
      if (this.#ended.signal.aborted) return
      this.#queue.delete(name)
      try {
        await this.#reconcile(name, this.#known.get(name))
      } catch (error) {
        log.warn('cannot bring a custom resource up to date', { name, err: error })
        this.#later(name)
      }
    }
  }

  #later(name: string): void {
    const { clock } = this.#server.env
    const timer = clock.setTimer(() => this.#enqueue(name), RETRY_MS)
    this.#ended.signal.addEventListener('abort', () => timer.cancel(), { once: true })
  }

  async #reconcile(name: string, crd: Crd | undefined): Promise<void> {
    if (!crd) {
      this.#withdraw(name)
      // Names that it held are free for others of its group.
      for (const [other, { status }] of this.#known) {
        if (status?.conditions?.some(({ type, status: is }) => type === 'NamesAccepted' && is === 'False'))
          this.#queue.add(other)
      }
      return
    }
    if (crd.metadata.deletionTimestamp && crd.metadata.finalizers?.includes(CLEANUP_FINALIZER)) {
      return this.#remove(name, crd)
    }
    const { names, conflict } = acceptNames(crd, [...this.#known.values()])
    const established = isTrue(crd, 'Established') || !conflict
    if (established && names.plural) this.#serve(name, crd, names)
    await this.#report(name, crd, names, conflict, established)
  }

  #serve(name: string, crd: Crd, names: CustomResourceDefinitionNames): void {
    const state = stringifyJson([crd.spec, names])
    const before = this.#served.get(name)
    if (before?.state === state) return
    const versions = compileVersions(crd, names)
    const stores = this.#storesOf(crd, versions)
    for (const version of versions) {
      if (!version.served) continue
      const openAPIV3Schema = publishedSchema(crd, version.definition.version)
      this.#server.addResource(version.definition, { custom: { openAPIV3Schema }, store: stores?.(version) })
    }
    const definitions = versions.filter(({ served }) => served).map(({ definition }) => definition)
    for (const old of before?.definitions ?? []) {
      if (!definitions.some(({ version, plural }) => version === old.version && plural === old.plural)) {
        this.#server.removeResource(old)
      }
    }
    this.#served.set(name, { definitions, state })
  }

  /** How each version sees the store; undefined where there is but one. */
  #storesOf(crd: Crd, all: readonly CompiledVersion[]): ((version: CompiledVersion) => ConvertedStore) | undefined {
    const storage = all.find((version) => version.storage)
    if (!storage || all.length < 2) return undefined
    const { store, env } = this.#server.registry
    const { conversion } = crd.spec
    const convert =
      conversion?.strategy === 'Webhook'
        ? webhookConversion(conversion, { store, env, callWebhook: this.#callWebhook })
        : renameVersion
    const versions: Versions = { all, storage, convert }
    return (version) => new ConvertedStore(store, version, versions)
  }

  #withdraw(name: string): void {
    for (const definition of this.#served.get(name)?.definitions ?? []) this.#server.removeResource(definition)
    this.#served.delete(name)
  }

  async #report(
    name: string,
    crd: Crd,
    names: CustomResourceDefinitionNames,
    conflict: { readonly reason: string; readonly message: string } | undefined,
    established: boolean,
  ): Promise<void> {
    if (
      isTrue(crd, 'NamesAccepted') &&
      !conflict &&
      established &&
      isTrue(crd, 'Established') &&
      same(names, crd.status?.acceptedNames)
    )
      return
    if (
      conflict &&
      condition(crd, 'NamesAccepted')?.message === conflict.message &&
      same(names, crd.status?.acceptedNames)
    )
      return
    await this.#update(name, (draft, now) => {
      const status = (draft.status ??= {})
      status.acceptedNames = names
      const accepted = conflict
        ? ({ status: 'False', ...conflict } as const)
        : ({ status: 'True', reason: 'NoConflicts', message: 'no conflicts found' } as const)
      setCondition(draft, { type: 'NamesAccepted', ...accepted }, now)
      const serving = established
        ? ({ status: 'True', reason: 'InitialNamesAccepted', message: 'the initial names have been accepted' } as const)
        : ({ status: 'False', reason: 'NotAccepted', message: 'not all names are accepted' } as const)
      if (!isTrue(draft, 'Established')) setCondition(draft, { type: 'Established', ...serving }, now)
    })
  }

  /** Deletes the objects of a kind that goes, and then lets go of its definition. */
  async #remove(name: string, crd: Crd): Promise<void> {
    const definitions = this.#served.get(name)?.definitions ?? []
    const [definition] = definitions
    if (definition) await this.#deleteObjects(definition)
    await this.#update(name, (draft, now) => {
      const done = definition
        ? ({ reason: 'InstanceDeletionCompleted', message: 'removed all instances' } as const)
        : ({ reason: 'NeverEstablished', message: 'resource was never established' } as const)
      setCondition(draft, { type: 'Terminating', status: 'False', ...done }, now)
    })
    this.#withdraw(name)
    const { plural, group } = this.#resource.definition
    const finalizers = (crd.metadata.finalizers ?? []).filter((one) => one !== CLEANUP_FINALIZER)
    const response = await handle(
      this.#server,
      {
        method: 'PATCH',
        path: `/apis/${group}/v1/${plural}/${name}`,
        headers: { 'content-type': 'application/merge-patch+json', 'user-agent': 'kube-apiserver' },
        body: { metadata: { finalizers } },
      },
      SELF,
    )
    if (response.status >= 300 && response.status !== 404)
      throw new Error((response.body as { message: string }).message)
  }

  async #deleteObjects(definition: ResourceDefinition): Promise<void> {
    const { store, env } = this.#server.registry
    const prefix = collectionPrefix(definition, '')
    for (;;) {
      const { entries } = await store.range(prefix)
      if (entries.length === 0) return
      const namespaces = new Set(
        entries.map(({ key }) =>
          definition.scope === 'Cluster' ? '' : (key.slice(prefix.length).split('/')[0] ?? ''),
        ),
      )
      for (const namespace of namespaces) {
        const within = namespace ? `namespaces/${namespace}/` : ''
        const path = `/apis/${definition.group}/${definition.version}/${within}${definition.plural}`
        await handle(this.#server, { method: 'DELETE', path, headers: { 'user-agent': 'kube-apiserver' } }, SELF)
      }
      if ((await store.count(prefix)) > 0) await sleep(env.clock, POLL_MS, this.#ended.signal)
    }
  }

  async #update(name: string, edit: (draft: Draft, now: string) => void): Promise<void> {
    const { registry } = this.#server
    const now = timestamp(registry.env.clock.now())
    try {
      const target = { namespace: '', name, dryRun: false }
      await guaranteedUpdate(registry, this.#resource, target, (draft) => edit(draft as Draft, now))
    } catch (error) {
      if (!hasReason(error, 'NotFound')) throw error
    }
  }
}

function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(sorted(a)) === JSON.stringify(sorted(b))
}

function sorted(value: unknown): unknown {
  return typeof value === 'object' && value !== null
    ? Object.entries(value).sort(([left], [right]) => (left < right ? -1 : 1))
    : value
}

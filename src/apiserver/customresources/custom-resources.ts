import { stringifyJson } from '../../apimachinery/codec/json/encode.ts'
import type {
  CustomResourceDefinition,
  CustomResourceDefinitionNames,
} from '../../api/generated/types/apiextensions/v1.ts'
import { type Frozen, type KubeObject, timestamp } from '../../apimachinery/meta.ts'
import type { ResourceDefinition } from '../../apimachinery/resource.ts'
import { forbidden } from '../../apimachinery/status.ts'
import { sleep } from '../../lib/clock.ts'
import { copyJson, equalJson } from '../../lib/json-value.ts'
import { type CallWebhook, noWebhooks } from '../admission/webhooks/types.ts'
import { approvalCondition } from '../../api/apiextensions/v1/crd-approval.ts'
import { Conversions } from '../registry/conversions.ts'
import { handle } from '../inprocess/handle.ts'
import { collectionPrefix, type ResourceHooks, serve, type ServedResource, storageKey } from '../registry/served.ts'
import type { ApiServer } from '../server.ts'
import { isTrue, setCondition } from './conditions.ts'
import { convertingBetween } from './conversion/between.ts'
import { ConvertedStore, type Versions } from './conversion/converted-store.ts'
import { conversionMetrics, type CountConversion } from './conversion/metrics.ts'
import { renameVersion, webhookConversion } from './conversion/webhook.ts'
import { type CompiledVersion, compileVersions, publishedSchema } from './definition.ts'
import { CLEANUP_FINALIZER } from './deletion.ts'
import { deleteObjects, SELF } from './removal.ts'
import { acceptNames } from './names.ts'

type Crd = Frozen<CustomResourceDefinition & KubeObject>
type Draft = CustomResourceDefinition & KubeObject

const RETRY_MS = 1000

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
  readonly #countConversion: CountConversion
  readonly #known = new Map<string, Crd>()
  /** What is served for each CRD, and of which state of it. */
  readonly #served = new Map<string, Served>()
  /** Those that are being deleted: nothing is created any more. */
  readonly #terminating = new Set<string>()
  /** Removals of the objects of kinds that go, which take as long as finalizers do. */
  readonly #removals = new Map<string, Promise<void>>()
  readonly #queue = new Set<string>()
  readonly #ended = new AbortController()
  #working: Promise<void> | undefined
  #stopWatch: () => void = () => {}

  constructor(server: ApiServer, { callWebhook = noWebhooks }: CustomResourcesOptions = {}) {
    const resource = server.resources.find('apiextensions.k8s.io', 'v1', 'customresourcedefinitions')
    if (!resource) throw new Error('CustomResourceDefinitions are not served')
    this.#server = server
    this.#callWebhook = callWebhook
    this.#countConversion = conversionMetrics(server.metrics, server.env.clock)
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
    await Promise.all(this.#removals.values())
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
    if (crd?.metadata.deletionTimestamp) this.#terminating.add(name)
    else this.#terminating.delete(name)
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
    const { names, conflict } = acceptNames(crd, [...this.#known.values()])
    const established = isTrue(crd, 'Established') || !conflict
    const terminating = this.#terminating.has(name)
    // Who finds the kind served may take its definition for settled, and change it: nothing is written into that afterwards.
    if (!terminating) await this.#report(name, crd, names, conflict, established)
    if (established && names.plural) this.#serve(name, crd, names)
    if (terminating && crd.metadata.finalizers?.includes(CLEANUP_FINALIZER)) this.#startRemoval(name, crd)
  }

  #serve(name: string, crd: Crd, names: CustomResourceDefinitionNames): void {
    const state = stringifyJson([crd.spec, names])
    const before = this.#served.get(name)
    if (before?.state === state) return
    const versions = compileVersions(crd, names)
    const shared = this.#sharedOf(crd, versions)
    const conversions = shared && new Conversions(convertingBetween(shared))
    const { store } = this.#server.registry
    for (const version of versions) {
      if (!version.served) continue
      const openAPIV3Schema = publishedSchema(crd, version.definition.version)
      this.#server.addResource(version.definition, {
        custom: { openAPIV3Schema },
        store: shared && new ConvertedStore(store, version, shared),
        conversions,
        hooks: this.#hooksOf(name, version.definition),
      })
    }
    const definitions = versions.filter(({ served }) => served).map(({ definition }) => definition)
    for (const old of before?.definitions ?? []) {
      if (!definitions.some(({ version, plural }) => version === old.version && plural === old.plural)) {
        this.#server.removeResource(old)
      }
    }
    this.#served.set(name, { definitions, state, storage: versions.find(({ storage }) => storage) })
  }

  /** What the versions share; undefined where there is but one. */
  #sharedOf(crd: Crd, all: readonly CompiledVersion[]): Versions | undefined {
    const storage = all.find((version) => version.storage)
    if (!storage || all.length < 2) return undefined
    const { store, env } = this.#server.registry
    const { conversion } = crd.spec
    const convert =
      conversion?.strategy === 'Webhook'
        ? webhookConversion(conversion, { store, env, callWebhook: this.#callWebhook }, this.#countConversion)
        : renameVersion
    return { all, storage, convert }
  }

  #withdraw(name: string): void {
    for (const definition of this.#served.get(name)?.definitions ?? []) this.#server.removeResource(definition)
    this.#served.delete(name)
  }

  /** Who creates while the kind goes is refused. */
  #hooksOf(name: string, { group, plural }: ResourceDefinition): ResourceHooks {
    return {
      beginCreate: (draft) => {
        if (!this.#terminating.has(name)) return undefined
        const why = 'create not allowed while custom resource definition is terminating'
        throw forbidden({ group, resource: plural }, draft.metadata.name ?? '', why)
      },
    }
  }

  async #report(
    name: string,
    crd: Crd,
    names: CustomResourceDefinitionNames,
    conflict: { readonly reason: string; readonly message: string } | undefined,
    established: boolean,
  ): Promise<void> {
    const edit = (draft: Draft, now: string): void => {
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
      const approval = approvalCondition(draft)
      if (approval) setCondition(draft, { type: 'KubernetesAPIApprovalPolicyConformant', ...approval }, now)
    }
    const draft = copyJson(crd) as Draft
    edit(draft, '')
    if (!equalJson(draft.status, crd.status)) await this.#updateStatus(name, edit)
  }

  #startRemoval(name: string, crd: Crd): void {
    if (this.#removals.has(name)) return
    const removal = this.#remove(name, crd)
      .catch((error: unknown) => {
        if (this.#ended.signal.aborted) return
        this.#server.env.log.warn('cannot remove the objects of a custom resource', { name, err: error })
        this.#later(name)
      })
      .finally(() => this.#removals.delete(name))
    this.#removals.set(name, removal)
  }

  /** Deletes the objects of a kind that goes, and then lets go of its definition. */
  async #remove(name: string, crd: Crd): Promise<void> {
    const progress = { reason: 'InstanceDeletionInProgress', message: 'CustomResource deletion is in progress' }
    await this.#updateStatus(name, (draft, now) =>
      setCondition(draft, { type: 'Terminating', status: 'True', ...progress }, now),
    )
    const served = this.#served.get(name)
    const wasServed = isTrue(crd, 'Established') && served?.storage !== undefined
    if (wasServed && served.storage) {
      const { definition } = served.storage
      const store = this.#server.resources.find(definition.group, definition.version, definition.plural)?.store
      await deleteObjects(this.#server, serve(definition, { store, freeze: false }), this.#ended.signal)
    }
    const done = wasServed
      ? { reason: 'InstanceDeletionCompleted', message: 'removed all instances' }
      : { reason: 'NeverEstablished', message: 'resource was never established' }
    await this.#updateStatus(name, (draft, now) => {
      setCondition(draft, { type: 'Terminating', status: 'False', ...done }, now)
      draft.metadata.finalizers = (draft.metadata.finalizers ?? []).filter((one) => one !== CLEANUP_FINALIZER)
    })
  }

  /** Writes the status as any client does, again when somebody else wrote meanwhile. */
  async #updateStatus(name: string, edit: (draft: Draft, now: string) => void): Promise<void> {
    const { registry } = this.#server
    const { group, plural } = this.#resource.definition
    for (;;) {
      const entry = await registry.store.get(storageKey(this.#resource.definition, '', name))
      if (!entry) return
      const draft = this.#resource.codec.draft(entry.value, entry.modRevision) as Draft
      edit(draft, timestamp(registry.env.clock.now()))
      const path = `/apis/${group}/v1/${plural}/${name}/status`
      const request = { method: 'PUT', path, headers: { 'user-agent': 'kube-apiserver' }, body: draft }
      const { status, body } = await handle(this.#server, request, SELF)
      if (status < 300 || status === 404) return
      if (status !== 409) throw new Error((body as { message: string }).message)
    }
  }
}

interface Served {
  readonly definitions: readonly ResourceDefinition[]
  /** What of the definition is served. */
  readonly state: string
  readonly storage: CompiledVersion | undefined
}

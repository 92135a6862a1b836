import type { ParamKind, ParamRef } from '../../../api/generated/types/admissionregistration/v1.ts'
import { selectorOf } from '../../../apimachinery/labels/label-selector.ts'
import { selects } from '../../../apimachinery/labels/selector.ts'
import { apiVersionOf, type Frozen, type KubeObject } from '../../../apimachinery/meta.ts'
import { copyJson } from '../../../lib/json-value.ts'
import type { MaybePromise } from '../../../store/store.ts'
import type { Mirror } from '../../mirror/mirror.ts'
import type { Mirrors } from '../../mirror/mirrors.ts'
import type { ServedResource } from '../../registry/served.ts'
import type { ResourceTable } from '../../resource-table.ts'

/** A binding, or the kind of its parameters, is not as it should be; the policy's failurePolicy decides. */
export class ConfigurationError extends Error {}

/** The parameters of one kind. */
interface Source {
  readonly resource: ServedResource
  readonly mirror: Mirror<KubeObject>
}

const NO_PARAMS: readonly undefined[] = [undefined]

/**
 * The objects that policies take for parameters, in memory, of any kind that is served. A kind is read when a request
 * first needs it, and followed from then on.
 */
export class Params {
  readonly #mirrors: Mirrors
  readonly #known = new Map<string, Source>()
  #resources: ResourceTable | undefined

  constructor(mirrors: Mirrors) {
    this.#mirrors = mirrors
  }

  /** Tells what is served. */
  look(resources: ResourceTable): void {
    this.#resources = resources
  }

  /** The kind's parameters. Throws ConfigurationError for one that is not served. */
  source({ apiVersion = '', kind = '' }: Frozen<ParamKind>): Source {
    const slash = apiVersion.indexOf('/')
    const [group, version] = [apiVersion.slice(0, Math.max(slash, 0)), apiVersion.slice(slash + 1)]
    const resource = this.#resources?.findKind(group, version, kind)
    if (!resource || resource.definition.virtual) {
      const wanted = `${group}/${version}, Kind=${kind}`
      throw new ConfigurationError(`failed to find resource referenced by paramKind: '${wanted}'`)
    }
    return this.#followed(resource)
  }

  #followed(resource: ServedResource): Source {
    const { definition, store } = resource
    const key = `${definition.storagePrefix} ${apiVersionOf(definition)}`
    const known = this.#known.get(key)
    if (known?.resource === resource) return known
    known?.mirror.stop()
    const source = { resource, mirror: this.#mirrors.own(definition, store) }
    this.#known.set(key, source)
    return source
  }

  /**
   * The parameters that a binding refers to; `undefined` stands for none where the policy is to be asked all the same.
   * Throws ConfigurationError.
   */
  collect(
    paramKind: Frozen<ParamKind> | undefined,
    ref: Frozen<ParamRef> | undefined,
    namespace: string,
  ): MaybePromise<readonly (Frozen<KubeObject> | undefined)[]> {
    return paramKind && ref ? this.#collect(paramKind, ref, namespace) : NO_PARAMS
  }

  async #collect(
    paramKind: Frozen<ParamKind>,
    ref: Frozen<ParamRef>,
    namespace: string,
  ): Promise<readonly (Frozen<KubeObject> | undefined)[]> {
    const source = this.source(paramKind)
    const prefix = prefixOf(source.resource, ref, namespace)
    await source.mirror.start()
    const found = [...wanted(source.mirror, ref, prefix)]
    if (found.length === 0 && ref.parameterNotFoundAction === 'Deny') {
      throw new ConfigurationError('no params found for policy binding with `Deny` parameterNotFoundAction')
    }
    return found.map((object) => served(source.resource, object))
  }
}

/** What the keys of a binding's parameters start with. */
function prefixOf({ definition }: ServedResource, ref: Frozen<ParamRef>, namespace: string): string {
  if (definition.scope === 'Cluster') {
    if (!ref.namespace) return ''
    throw new ConfigurationError('paramRef.namespace must not be provided for a cluster-scoped `paramKind`')
  }
  const where = ref.namespace || namespace
  if (where) return `${where}/`
  throw new ConfigurationError('cannot use namespaced paramRef in policy binding that matches cluster-scoped resources')
}

function* wanted(
  mirror: Mirror<KubeObject>,
  { name, selector = {} }: Frozen<ParamRef>,
  prefix: string,
): Iterable<Frozen<KubeObject>> {
  if (name) {
    const found = mirror.get(prefix + name)
    if (found) yield found
    return
  }
  const labels = selectorOf(selector)
  for (const object of mirror.all()) {
    const { metadata } = object
    if ((prefix === '' || prefix === `${metadata.namespace ?? ''}/`) && selects(labels, metadata.labels)) yield object
  }
}

/** A kept object in the version that is served. */
function served({ definition }: ServedResource, kept: Frozen<KubeObject>): Frozen<KubeObject> {
  const { storedAs, onRead, kind } = definition
  const own = (storedAs?.fromStored(kept) ?? kept) as KubeObject
  const object = { ...(onRead ? copyJson(own) : own), kind, apiVersion: apiVersionOf(definition) }
  onRead?.(object)
  return object
}

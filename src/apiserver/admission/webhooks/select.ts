import { namespaces } from '../../../api/core/v1/namespace.ts'
import { type LabelSet, type Labels, selects } from '../../../apimachinery/labels/selector.ts'
import type { ResourceDefinition } from '../../../apimachinery/resource.ts'
import { notFound } from '../../../apimachinery/status.ts'
import type { Authorizer } from '../../authz/types.ts'
import type { AdmissionSources } from '../sources.ts'
import type { AdmissionAttributes } from '../types.ts'
import { ruleMatches } from './rules.ts'
import type { Hook } from './types.ts'
import { OtherVersions } from './versions.ts'

/** A webhook that is to be asked about a request, and the version in which it wants to see the object. */
export interface Invocation {
  readonly hook: Hook
  readonly definition: ResourceDefinition
}

/** Decides which webhooks a request concerns. */
export class Selection {
  readonly versions = new OtherVersions()
  readonly #namespaces
  readonly #authorizer: Authorizer

  constructor({ mirrors, authorizer }: Pick<AdmissionSources, 'mirrors' | 'authorizer'>) {
    this.#authorizer = authorizer
    this.#namespaces = mirrors.of(namespaces)
  }

  /** Undefined when the webhook is not to be called. Throws 404 when it depends on a namespace that is not there. */
  async invocation(hook: Hook, attributes: AdmissionAttributes): Promise<Invocation | undefined> {
    if (!objectMatches(hook.objects, attributes)) return undefined
    const definition = this.#ruled(hook, attributes)
    if (!definition || !(await this.#namespaceMatches(hook.namespaces, attributes))) return undefined
    const failOpen = hook.webhook.failurePolicy === 'Ignore'
    const { conditions } = hook
    const wanted = !conditions || (await conditions.match(this.#authorizer, attributes, definition, failOpen))
    return wanted ? { hook, definition } : undefined
  }

  #ruled({ webhook }: Hook, attributes: AdmissionAttributes): ResourceDefinition | undefined {
    const { rules = [], matchPolicy } = webhook
    if (rules.some((rule) => ruleMatches(rule, attributes))) return attributes.definition
    if (matchPolicy === 'Exact' || rules.length === 0) return undefined
    const others = this.versions.of(attributes.definition)
    for (const rule of rules) {
      const { operation, subresource, namespace } = attributes
      const found = others.find((definition) => ruleMatches(rule, { operation, subresource, namespace, definition }))
      if (found) return found
    }
    return undefined
  }

  async #namespaceMatches(selector: LabelSet, attributes: AdmissionAttributes): Promise<boolean> {
    if (isEverything(selector)) return true
    const { namespace, definition } = attributes
    // What is in no namespace is never spared.
    if (namespace === '' && definition.plural !== 'namespaces') return true
    return selects(selector, await this.#namespaceLabels(attributes))
  }

  /** A Namespace that is being written has its new labels. */
  async #namespaceLabels(attributes: AdmissionAttributes): Promise<Labels | undefined> {
    const { definition, subresource, operation, object, namespace } = attributes
    const isWritten = operation === 'CREATE' || operation === 'UPDATE'
    if (definition.plural === 'namespaces' && subresource === '' && isWritten) return object?.metadata.labels
    const found = this.#namespaces.get(namespace) ?? (await this.#namespaces.live(namespace))
    if (!found) throw notFound({ group: '', resource: 'namespaces' }, namespace)
    return found.metadata.labels
  }
}

function isEverything({ nothing, requirements }: LabelSet): boolean {
  return !nothing && requirements.length === 0
}

/** The new object's labels count or the old one's; the options of a connection have none. */
function objectMatches(selector: LabelSet, { operation, object, oldObject }: AdmissionAttributes): boolean {
  if (isEverything(selector)) return true
  if (operation === 'CONNECT') return false
  return [object, oldObject].some((one) => one !== undefined && selects(selector, one.metadata.labels))
}

import type { ResourceDefinition } from '../../../apimachinery/resource.ts'
import type { WebhookType } from '../metrics.ts'
import type { AdmissionSources } from '../sources.ts'
import type { AdmissionAttributes } from '../types.ts'
import { ruleMatches } from './rules.ts'
import { Namespaces, objectMatches } from './selectors.ts'
import type { Hook } from './types.ts'
import { OtherVersions } from './versions.ts'

/** A webhook that is to be asked about a request, and the version in which it wants to see the object. */
export interface Invocation {
  readonly hook: Hook
  readonly definition: ResourceDefinition
}

type Sources = Pick<AdmissionSources, 'mirrors' | 'authorizer' | 'env' | 'counts'>

/** Decides which webhooks a request concerns. */
export class Selection {
  readonly versions = new OtherVersions()
  readonly #namespaces: Namespaces
  readonly #sources: Sources
  readonly #type: WebhookType

  constructor(sources: Sources, type: WebhookType) {
    this.#sources = sources
    this.#type = type
    this.#namespaces = new Namespaces(sources.mirrors)
  }

  /** Undefined when the webhook is not to be called. Throws 404 when it depends on a namespace that is not there. */
  async invocation(hook: Hook, attributes: AdmissionAttributes): Promise<Invocation | undefined> {
    if (!objectMatches(hook.objects, attributes)) return undefined
    const definition = this.#ruled(hook, attributes)
    if (!definition || !(await this.#namespaces.match(hook.namespaces, attributes))) return undefined
    const failOpen = hook.webhook.failurePolicy === 'Ignore'
    const { conditions } = hook
    if (!conditions) return { hook, definition }
    const of = { name: hook.webhook.name, kind: 'webhook', type: this.#type } as const
    const wanted = await conditions.match(this.#sources, of, attributes, definition, failOpen)
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
}

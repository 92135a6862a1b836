import type {
  MutatingWebhookConfiguration,
  ValidatingWebhookConfiguration,
} from '../../../api/generated/types/admissionregistration/v1.ts'
import { selectorOf } from '../../../apimachinery/labels/label-selector.ts'
import type { Frozen } from '../../../apimachinery/meta.ts'
import type { Mirror } from '../../mirror/mirror.ts'
import { Conditions } from './match.ts'
import type { Hook } from './types.ts'

type Configuration = MutatingWebhookConfiguration | ValidatingWebhookConfiguration

/** The webhooks of all configurations, in the order of the configurations' names; made anew only after a change. */
export class Hooks {
  readonly #mirror: Mirror<Configuration>
  #generation = -1
  #hooks: readonly Hook[] = []

  constructor(mirror: Mirror<Configuration>) {
    this.#mirror = mirror
  }

  all(): readonly Hook[] {
    const { generation } = this.#mirror
    if (generation !== this.#generation) {
      this.#hooks = [...this.#mirror.all()].toSorted(byName).flatMap(hooksOf)
      this.#generation = generation
    }
    return this.#hooks
  }
}

function byName(a: Frozen<Configuration>, b: Frozen<Configuration>): number {
  return (a.metadata.name ?? '') < (b.metadata.name ?? '') ? -1 : 1
}

function hooksOf({ metadata, webhooks = [] }: Frozen<Configuration>): Hook[] {
  const configuration = metadata.name ?? ''
  return webhooks.map((webhook, index) => ({
    configuration,
    id: `${configuration}/${webhook.name}/${index}`,
    webhook,
    namespaces: selectorOf(webhook.namespaceSelector ?? {}),
    objects: selectorOf(webhook.objectSelector ?? {}),
    ...(webhook.matchConditions?.length && { conditions: new Conditions(webhook.matchConditions) }),
  }))
}

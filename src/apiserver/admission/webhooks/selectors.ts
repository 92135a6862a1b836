import type { Namespace } from '../../../api/generated/types/core/v1.ts'
import { namespaces } from '../../../api/core/v1/namespace.ts'
import { type LabelSet, type Labels, selects } from '../../../apimachinery/labels/selector.ts'
import type { Frozen } from '../../../apimachinery/meta.ts'
import { notFound } from '../../../apimachinery/status.ts'
import { andThen } from '../../../lib/and-then.ts'
import type { MaybePromise } from '../../../store/store.ts'
import type { Mirror } from '../../mirror/mirror.ts'
import type { Mirrors } from '../../mirror/mirrors.ts'
import type { AdmissionAttributes } from '../types.ts'

/** The namespaces that requests are for. */
export class Namespaces {
  readonly #mirror: Mirror<Namespace>

  constructor(mirrors: Mirrors) {
    this.#mirror = mirrors.of(namespaces)
  }

  /** Throws 404 when it is not there; answers at once for what is known. */
  get(name: string): MaybePromise<Frozen<Namespace>> {
    return this.#mirror.get(name) ?? this.#live(name)
  }

  async #live(name: string): Promise<Frozen<Namespace>> {
    const found = await this.#mirror.live(name)
    if (!found) throw notFound({ group: '', resource: 'namespaces' }, name)
    return found
  }

  /** Whether a selector takes the request's namespace. Throws 404 when it is not there. */
  match(selector: LabelSet, attributes: AdmissionAttributes): MaybePromise<boolean> {
    if (isEverything(selector)) return true
    const { namespace, definition } = attributes
    // What is in no namespace is never spared.
    if (namespace === '' && definition.plural !== 'namespaces') return true
    return andThen(this.#labels(attributes), (labels) => selects(selector, labels))
  }

  /** A Namespace that is being written has its new labels. */
  #labels(attributes: AdmissionAttributes): MaybePromise<Labels | undefined> {
    const { definition, subresource, operation, object, namespace } = attributes
    const isWritten = operation === 'CREATE' || operation === 'UPDATE'
    if (definition.plural === 'namespaces' && subresource === '' && isWritten) return object?.metadata.labels
    return andThen(this.get(namespace), ({ metadata }) => metadata.labels)
  }
}

function isEverything({ nothing, requirements }: LabelSet): boolean {
  return !nothing && requirements.length === 0
}

/** The new object's labels count or the old one's; the options of a connection have none. */
export function objectMatches(selector: LabelSet, { operation, object, oldObject }: AdmissionAttributes): boolean {
  if (isEverything(selector)) return true
  if (operation === 'CONNECT') return false
  return [object, oldObject].some((one) => one !== undefined && selects(selector, one.metadata.labels))
}

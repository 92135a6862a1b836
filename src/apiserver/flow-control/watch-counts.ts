import { demandedField, parseFieldSelector } from '../../apimachinery/fields/selector.ts'
import { ParseError } from '../../apimachinery/parse-error.ts'
import type { Call } from '../request/call.ts'

/** How many watches there are, by what they see: a whole resource, a namespace of it, one object. */
export class WatchCounts {
  readonly #counts = new Map<string, number>()

  /** Notes a watch; returns what notes its end. Watches that an index keeps apart, as kubelets' of their pods, cost other writes nothing. */
  add(call: Call): () => void {
    const { info, query } = call
    if (info.resource === 'pods' && watchesOneNode(query.get('fieldSelector'))) return () => {}
    const key = keyOf(info.group, info.resource, info.namespace, info.name)
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1)
    let ended = false
    return () => {
      if (ended) return
      ended = true
      const left = (this.#counts.get(key) ?? 1) - 1
      if (left === 0) this.#counts.delete(key)
      else this.#counts.set(key, left)
    }
  }

  /** How many see what this request may write. */
  of({ info: { group, resource, namespace, name } }: Call): number {
    if (this.#counts.size === 0) return 0
    const count = (ns: string, n: string): number => this.#counts.get(keyOf(group, resource, ns, n)) ?? 0
    return count('', '') + (namespace === '' ? 0 : count(namespace, '')) + (name === '' ? 0 : count(namespace, name))
  }
}

function keyOf(group: string, resource: string, namespace: string, name: string): string {
  return `${group}/${resource}/${namespace}/${name}`
}

function watchesOneNode(selector: string | null): boolean {
  if (!selector) return false
  try {
    return Boolean(demandedField(parseFieldSelector(selector), 'spec.nodeName'))
  } catch (error) {
    if (error instanceof ParseError) return false
    throw error
  }
}

import { demandedField, parseFieldSelector } from '../../apimachinery/fields/selector.ts'
import { ParseError } from '../../apimachinery/parse-error.ts'
import type { Call } from '../request/call.ts'

/** Watches that see all of something, and those that see a part of it, by the part's name. */
interface Watched {
  count: number
  readonly parts: Map<string, Watched>
}

/** How many watches there are, by what they see: a whole resource, a namespace of it, one object. */
export class WatchCounts {
  readonly #groups: Watched = { count: 0, parts: new Map() }

  /** Notes a watch; returns what notes its end. Watches that an index keeps apart, as kubelets' of their pods, cost other writes nothing. */
  add(call: Call): () => void {
    const { info, query } = call
    if (info.resource === 'pods' && watchesOneNode(query.get('fieldSelector'))) return () => {}
    const { group, resource, namespace, name } = info
    const path = [group, resource, ...(name !== '' ? [namespace, name] : namespace !== '' ? [namespace] : [])]
    let watched = this.#groups
    for (const part of path) {
      let next = watched.parts.get(part)
      if (!next) watched.parts.set(part, (next = { count: 0, parts: new Map() }))
      watched = next
    }
    watched.count++
    let ended = false
    return () => {
      if (!ended) forget(this.#groups, path)
      ended = true
    }
  }

  /** How many see what this request may write. */
  of({ info: { group, resource, namespace, name } }: Call): number {
    const all = this.#groups.parts.get(group)?.parts.get(resource)
    if (!all) return 0
    const near = all.parts.get(namespace)
    if (!near) return all.count
    return all.count + near.count + (name === '' ? 0 : (near.parts.get(name)?.count ?? 0))
  }
}

/** One watch less, and nothing left of what nobody watches. */
function forget(watched: Watched, [part, ...rest]: readonly string[]): void {
  if (part === undefined) return void watched.count--
  const next = watched.parts.get(part)
  if (!next) return
  forget(next, rest)
  if (next.count === 0 && next.parts.size === 0) watched.parts.delete(part)
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

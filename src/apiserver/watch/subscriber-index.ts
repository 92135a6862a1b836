import { fieldOf, type Selection } from '../registry/selection.ts'
import type { ServedResource } from '../registry/served.ts'
import type { Change } from './change.ts'

/** Who is handed changes, and which. */
export interface Member {
  readonly selection: Selection
  onChange(change: Change): void
  onError(error: Error): void
}

/** What a change must have, before or after, to concern a member: a field's value, a namespace, or nothing. */
interface Slot {
  readonly field: string
  readonly value: string
}

const NAMESPACE = 'metadata.namespace'
const ANY: Slot = { field: '', value: '' }

function slotOf({ fields, namespace }: Selection): Slot {
  const demanded = fields.find(({ operator }) => operator === '=')
  if (demanded) return { field: demanded.field, value: demanded.value }
  return namespace ? { field: NAMESPACE, value: namespace } : ANY
}

/** Members by the field and value they demand, so that a change meets only those it may concern. */
export class SubscriberIndex {
  readonly #slots = new Map<string, Map<string, Set<Member>>>()
  #size = 0

  get size(): number {
    return this.#size
  }

  add(member: Member): void {
    const { field, value } = slotOf(member.selection)
    const values = this.#slots.get(field) ?? new Map<string, Set<Member>>()
    this.#slots.set(field, values)
    const members = values.get(value) ?? new Set()
    values.set(value, members)
    members.add(member)
    this.#size++
  }

  delete(member: Member): void {
    const { field, value } = slotOf(member.selection)
    const values = this.#slots.get(field)
    const members = values?.get(value)
    if (!values || !members?.delete(member)) return
    this.#size--
    if (members.size === 0) values.delete(value)
    if (values.size === 0) this.#slots.delete(field)
  }

  /** Empties the index and returns who was in it. */
  clear(): Member[] {
    const all = [...this.#slots.values()].flatMap((values) => [...values.values()].flatMap((members) => [...members]))
    this.#slots.clear()
    this.#size = 0
    return all
  }

  /** Calls `visit` with each member that the change may concern. */
  forEach(resource: ServedResource, change: Change, visit: (member: Member) => void): void {
    for (const [field, values] of this.#slots) {
      for (const value of valuesOf(resource, field, change)) {
        for (const member of values.get(value) ?? []) visit(member)
      }
    }
  }
}

const NO_VALUE = ['']

function valuesOf({ definition }: ServedResource, field: string, change: Change): readonly string[] {
  if (field === '') return NO_VALUE
  if (field === NAMESPACE) return [namespaceOf(definition.storagePrefix, change.key)]
  const values: string[] = []
  for (const object of [change.previous(), change.current()]) {
    if (!object) continue
    const value = fieldOf(definition, object, field)
    if (!values.includes(value)) values.push(value)
  }
  return values
}

function namespaceOf(prefix: string, key: string): string {
  const start = prefix.length + 1
  return key.slice(start, key.indexOf('/', start))
}

import type { Call } from '../../request/call.ts'
import type { Answer } from '../answer.ts'
import type { Registry, ServedResource } from '../served.ts'

/** What is served below an object's path, such as `pods/x/eviction`. */
export interface Subresource {
  /** As upstream's RequestInfo names them: get, create, update, patch, delete. */
  readonly verbs: readonly string[]
  /** What it answers comes from elsewhere, in whatever form. */
  readonly passesOn?: boolean
  answer(registry: Registry, resource: ServedResource, call: Call): Promise<Answer>
}

/** Subresources by their name. */
export type Subresources = Readonly<Record<string, Subresource>>

/** A success without an object, as bindings and evictions answer. */
export function success(status: number): Answer {
  return {
    type: 'value',
    status,
    value: { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: status },
  }
}

import { failure } from '../status.ts'
import type { StatusError } from '../status.ts'
import { hasPath, pathsOf } from './field-set.ts'
import type { FieldSet } from './field-set.ts'
import type { Ownership } from './managers.ts'
import { printPath } from './path-element.ts'
import type { PathElement } from './path-element.ts'

/** A field that is applied with another value than a manager wants that owns it. */
export interface Conflict {
  /** The manager's identity. */
  readonly id: string
  readonly owner: Ownership
  readonly path: readonly PathElement[]
}

/** One conflict for each member of a set. */
export function conflictsOf(id: string, owner: Ownership, set: FieldSet): Conflict[] {
  return [...pathsOf(set)].map((path) => ({ id, owner, path }))
}

/** Thrown by an apply that is not forced; becomes the 409 that clients see. */
export class ApplyConflicts extends Error {
  readonly conflicts: readonly Conflict[]

  constructor(conflicts: readonly Conflict[]) {
    super(messageOf(conflicts))
    this.conflicts = conflicts
  }

  /** Those that are not about members of a set. */
  without(set: FieldSet): readonly Conflict[] {
    return this.conflicts.filter(({ path }) => !hasPath(set, path))
  }

  /** 409 with a cause for each conflict. */
  toStatusError(): StatusError {
    return failure('Conflict', this.message, {
      causes: this.conflicts.map(({ owner, path }) => ({
        reason: 'FieldManagerConflict',
        message: `conflict with ${printManager(owner)}`,
        field: printPath(path),
      })),
    })
  }
}

function messageOf(conflicts: readonly Conflict[]): string {
  const [only] = conflicts
  if (only && conflicts.length === 1)
    return `Apply failed with 1 conflict: conflict with ${printManager(only.owner)}: ${printPath(only.path)}`
  const byManager = Map.groupBy(conflicts, ({ id }) => id)
  const lines = [...byManager.keys()].sort().flatMap((id) => {
    const own = byManager.get(id) ?? []
    const owner = own[0]?.owner
    return [`conflicts with ${owner ? printManager(owner) : id}:`, ...own.map(({ path }) => `- ${printPath(path)}`)]
  })
  return `Apply failed with ${conflicts.length} conflicts: ${lines.join('\n')}`
}

function printManager({ manager, operation, subresource, apiVersion }: Ownership): string {
  const name = JSON.stringify(manager) + (subresource ? ` with subresource ${JSON.stringify(subresource)}` : '')
  return operation === 'Update' ? `${name} using ${apiVersion}` : name
}

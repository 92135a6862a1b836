import type { AdmissionAttributes, AdmissionPlugin, Operation } from './types.ts'

/** Plugins in order, sorted once by operation so that a request touches only those that care. */
export class AdmissionChain {
  readonly #mutating: ReadonlyMap<Operation, readonly AdmissionPlugin[]>
  readonly #validating: ReadonlyMap<Operation, readonly AdmissionPlugin[]>

  constructor(plugins: readonly AdmissionPlugin[]) {
    this.#mutating = byOperation(plugins.filter((plugin) => plugin.mutate))
    this.#validating = byOperation(plugins.filter((plugin) => plugin.validate))
  }

  /** Whether nobody looks at this operation, so that attributes need not be made. */
  idle(operation: Operation): boolean {
    return !this.#mutating.get(operation)?.length && !this.#validating.get(operation)?.length
  }

  async mutate(attributes: AdmissionAttributes): Promise<void> {
    for (const plugin of this.#mutating.get(attributes.operation) ?? []) await plugin.mutate?.(attributes)
  }

  async validate(attributes: AdmissionAttributes): Promise<void> {
    for (const plugin of this.#validating.get(attributes.operation) ?? []) await plugin.validate?.(attributes)
  }
}

const OPERATIONS: readonly Operation[] = ['CREATE', 'UPDATE', 'DELETE', 'CONNECT']

function byOperation(plugins: readonly AdmissionPlugin[]): ReadonlyMap<Operation, readonly AdmissionPlugin[]> {
  return new Map(OPERATIONS.map((operation) => [operation, plugins.filter((plugin) => plugin.handles(operation))]))
}

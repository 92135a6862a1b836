import type { ResourceTable } from '../resource-table.ts'
import type { AdmissionAttributes, AdmissionPlugin, CreateAsServer, Operation, SecondRound } from './types.ts'

/** Plugins in order, sorted once by operation so that a request touches only those that care. */
export class AdmissionChain {
  readonly #plugins: readonly AdmissionPlugin[]
  readonly #mutating: ReadonlyMap<Operation, readonly AdmissionPlugin[]>
  readonly #validating: ReadonlyMap<Operation, readonly AdmissionPlugin[]>

  constructor(plugins: readonly AdmissionPlugin[]) {
    this.#plugins = plugins
    this.#mutating = byOperation(plugins.filter((plugin) => plugin.mutate))
    this.#validating = byOperation(plugins.filter((plugin) => plugin.validate))
  }

  /** Tells plugins what is served, and how to make what is missing. */
  initialize(resources: ResourceTable, create: CreateAsServer): void {
    for (const plugin of this.#plugins) plugin.initialize?.(resources, create)
  }

  /** Whether nobody looks at this operation, so that attributes need not be made. */
  idle(operation: Operation): boolean {
    return !this.#mutating.get(operation)?.length && !this.#validating.get(operation)?.length
  }

  async mutate(attributes: AdmissionAttributes): Promise<void> {
    const plugins = this.#mutating.get(attributes.operation) ?? []
    const again = new Map<AdmissionPlugin, SecondRound>()
    let needed = false
    for (const plugin of plugins) {
      const running = plugin.mutate?.(attributes)
      const second = running instanceof Promise ? await running : running
      if (!second) continue
      again.set(plugin, second)
      needed ||= second.needed
    }
    if (!needed) return
    for (const plugin of plugins) {
      const second = again.get(plugin)
      await (second ? second.run() : plugin.mutate?.(attributes))
    }
  }

  async validate(attributes: AdmissionAttributes): Promise<void> {
    for (const plugin of this.#validating.get(attributes.operation) ?? []) {
      const running = plugin.validate?.(attributes)
      if (running) await running
    }
  }
}

const OPERATIONS: readonly Operation[] = ['CREATE', 'UPDATE', 'DELETE', 'CONNECT']

function byOperation(plugins: readonly AdmissionPlugin[]): ReadonlyMap<Operation, readonly AdmissionPlugin[]> {
  return new Map(OPERATIONS.map((operation) => [operation, plugins.filter((plugin) => plugin.handles(operation))]))
}

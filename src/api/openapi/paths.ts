import type { Operation } from './operations/index.ts'
import type { Parameter } from './parameters.ts'

/** The operations of one path. */
export interface PathItem {
  readonly path: string
  /** What every operation takes, sorted by name. */
  readonly parameters: readonly Parameter[]
  /** The operations, each with only what it takes beyond that. */
  readonly operations: readonly Operation[]
}

/** Groups operations by path and moves to the path what all of its operations take, as kube-openapi does. Sorted by path. */
export function pathItems(operations: readonly Operation[]): PathItem[] {
  const byPath = [...Map.groupBy(operations, (operation) => operation.path)]
  return byPath.sort(([a], [b]) => (a < b ? -1 : 1)).map(([path, group]) => pathItem(path, group))
}

function pathItem(path: string, operations: readonly Operation[]): PathItem {
  const counts = new Map<string, number>()
  for (const parameter of operations.flatMap((operation) => operation.parameters)) {
    counts.set(keyOf(parameter), (counts.get(keyOf(parameter)) ?? 0) + 1)
  }
  const isCommon = (parameter: Parameter): boolean => counts.get(keyOf(parameter)) === operations.length
  return {
    path,
    parameters: byName(operations[0]?.parameters.filter(isCommon) ?? []),
    operations: operations.map((operation) => ({
      ...operation,
      parameters: byName(operation.parameters.filter((parameter) => !isCommon(parameter))),
    })),
  }
}

function byName(parameters: readonly Parameter[]): Parameter[] {
  return parameters.toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1))
}

/** A name may stand in the path and in the query. */
function keyOf(parameter: Parameter): string {
  return `${parameter.name} ${parameter.in}`
}

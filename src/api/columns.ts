/** The cells that many kinds print alike (upstream's pkg/printers/internalversion). */
import { ageOf } from '../apimachinery/duration/human.ts'
import { formatLabelSet, labelSetOf } from '../apimachinery/labels/selector.ts'
import type { Frozen, KubeObject } from '../apimachinery/meta.ts'
import type { Column } from '../apimachinery/resource.ts'
import type { Container } from './generated/types/core/v1.ts'

/** A column of text. */
export function text<T>(name: string, value: Column<T>['value']): Column<T> {
  return { name, type: 'string', value }
}

/** A column of whole numbers; absent ones print as 0. */
export function integer<T>(name: string, value: (object: Frozen<T>) => number | undefined): Column<T> {
  return { name, type: 'integer', value: (object) => value(object) ?? 0 }
}

/** A column of true and false. */
export function flag<T>(name: string, value: (object: Frozen<T>) => boolean | undefined): Column<T> {
  return { name, type: 'boolean', value: (object) => value(object) ?? false }
}

/** Shows a column only with -o wide. */
export function wide<T>(column: Column<T>): Column<T> {
  return { ...column, priority: 1 }
}

/** The column every table starts with. */
export const nameColumn: Column<KubeObject> = {
  name: 'Name',
  type: 'string',
  format: 'name',
  value: ({ metadata }) => metadata.name ?? '',
}

/** How long ago the object was made. */
export const ageColumn: Column<KubeObject> = text('Age', ({ metadata }, now) => ageOf(metadata.creationTimestamp, now))

/** `a=b,c=d`, or `<none>`. */
export function labelsCell(labels: Readonly<Record<string, string>> | undefined): string {
  return formatLabelSet(labelSetOf(labels ?? {})) || '<none>'
}

/** The wide columns of what has a pod template: names and images of its containers. */
export function containerColumns<T>(
  containers: (object: Frozen<T>) => readonly Frozen<Container>[] | undefined,
): Column<T>[] {
  const cell = (pick: (container: Frozen<Container>) => string | undefined) => (object: Frozen<T>) =>
    (containers(object) ?? []).map(pick).join(',')
  return [
    wide(
      text(
        'Containers',
        cell((c) => c.name),
      ),
    ),
    wide(
      text(
        'Images',
        cell((c) => c.image),
      ),
    ),
  ]
}

/** At most `max` of the items, and how many more there are. */
export function listCell(items: readonly string[], max = 3, none = '<unset>'): string {
  const shown = items.slice(0, max).join(',')
  return items.length > max ? `${shown} + ${items.length - max} more...` : shown || none
}

import { stringifyJson } from '../../apimachinery/codec/json/encode.ts'
import type { Frozen, KubeObject, ListMeta } from '../../apimachinery/meta.ts'
import type { Column, ResourceDefinition } from '../../apimachinery/resource.ts'
import { badRequest } from '../../apimachinery/status.ts'
import type { ByteSink } from '../../lib/byte-sink.ts'
import type { ListItem } from '../registry/answer.ts'
import { partialMetadata } from './partial.ts'

/** metav1.TableOptions: what each row carries of its object. */
export type IncludeObject = 'None' | 'Metadata' | 'Object'

/** metav1.Table. */
export interface Table {
  readonly kind: 'Table'
  readonly apiVersion: string
  readonly metadata: ListMeta
  readonly columnDefinitions: readonly TableColumn[] | null
  readonly rows: readonly TableRow[]
}

interface TableColumn {
  readonly name: string
  readonly type: string
  readonly format: string
  readonly description: string
  readonly priority: number
}

interface TableRow {
  readonly cells: readonly unknown[]
  readonly conditions?: readonly object[]
  readonly object: unknown
}

/** Reads includeObject of a query; Metadata unless told. Throws 400. */
export function includeObject(query: URLSearchParams): IncludeObject {
  const value = query.get('includeObject') || 'Metadata'
  if (value === 'None' || value === 'Metadata' || value === 'Object') return value
  throw badRequest(
    `Unable to convert to Table as requested: includeObject: Invalid value: ${JSON.stringify(value)}: must be 'Metadata', 'Object', 'None', or empty`,
  )
}

/** What every kind shows that says nothing else. */
const DEFAULT_COLUMNS: readonly Column<KubeObject>[] = [
  { name: 'Name', type: 'string', format: 'name', value: ({ metadata }) => metadata.name ?? '' },
  { name: 'Created At', type: 'date', value: ({ metadata }) => metadata.creationTimestamp ?? '' },
]

/** Prints objects of one kind as rows. */
export class TablePrinter {
  readonly #columns: readonly Column<KubeObject>[]
  readonly #conditionsOf: ResourceDefinition['rowConditions']
  readonly #version: string
  readonly #include: IncludeObject

  /** `version` is that of meta.k8s.io which the client asks for: v1 or v1beta1. */
  constructor(
    definition: Pick<ResourceDefinition, 'columns' | 'rowConditions'>,
    version: string,
    include: IncludeObject,
  ) {
    this.#columns = definition.columns.length > 0 ? definition.columns : DEFAULT_COLUMNS
    this.#conditionsOf = definition.rowConditions?.bind(definition)
    this.#version = version
    this.#include = include
  }

  /** A table of these objects; a stream's later tables leave out the headers. */
  table(objects: readonly Frozen<KubeObject>[], metadata: ListMeta, now: number, headers = true): Table {
    const { kind, apiVersion, columnDefinitions } = this.head()
    const rows = objects.map((object) => this.row(object, now))
    return { kind, apiVersion, metadata, columnDefinitions: headers ? columnDefinitions : null, rows }
  }

  /** What every table of this printer says before its rows. */
  head(): Pick<Table, 'kind' | 'apiVersion' | 'columnDefinitions'> {
    return {
      kind: 'Table',
      apiVersion: `meta.k8s.io/${this.#version}`,
      columnDefinitions: this.#columns.map(definitionOf),
    }
  }

  row(object: Frozen<KubeObject>, now: number): TableRow {
    const conditions = this.#conditionsOf?.(object) ?? []
    const cells = this.#cells(object, now)
    return { cells, ...(conditions.length > 0 && { conditions }), object: this.#included(object) }
  }

  /** Writes a row in JSON; what it includes of its object is taken from the stored bytes. */
  writeRow(to: ByteSink, item: ListItem, now: number): void {
    const object = item.object()
    const conditions = this.#conditionsOf?.(object) ?? []
    to.ascii('{"cells":')
    to.text(stringifyJson(this.#cells(object, now)))
    if (conditions.length > 0) to.text(`,"conditions":${stringifyJson(conditions)}`)
    to.ascii(',"object":')
    if (this.#include === 'None') to.ascii('null')
    else if (this.#include === 'Object') item.writeJson(to)
    else item.writePartial(to, this.#version)
    to.ascii('}')
  }

  #cells(object: Frozen<KubeObject>, now: number): unknown[] {
    return this.#columns.map((column) => column.value(object, now))
  }

  #included(object: Frozen<KubeObject>): unknown {
    switch (this.#include) {
      case 'None':
        return null
      case 'Object':
        return object
      case 'Metadata':
        return partialMetadata(object, this.#version)
    }
  }
}

function definitionOf({
  name,
  type = 'string',
  format = '',
  description = '',
  priority = 0,
}: Column<KubeObject>): TableColumn {
  return { name, type, format, description: description || describe(name), priority }
}

/** kubectl explains the two columns that all kinds share. */
function describe(name: string): string {
  switch (name) {
    case 'Name':
      return 'Name must be unique within a namespace.'
    case 'Age':
    case 'Created At':
      return 'CreationTimestamp is the time when this object was created on the server.'
    default:
      return name
  }
}

import { ageColumn, nameColumn } from '../../api/columns.ts'
import type { Scale } from '../../api/generated/types/autoscaling/v1.ts'
import type { Frozen, KubeObject } from '../../apimachinery/meta.ts'
import type { Column } from '../../apimachinery/resource.ts'
import { failure } from '../../apimachinery/status.ts'
import type { ByteSink } from '../../lib/byte-sink.ts'
import type { Env } from '../../lib/env.ts'
import {
  type Answer,
  type ListAnswer,
  type ListItem,
  type ObjectAnswer,
  type ValueAnswer,
  type WatchAnswer,
  type WatchFrame,
  type WatchListener,
} from '../registry/answer.ts'
import type { ServedResource } from '../registry/served.ts'
import { ALL_MEDIA_TYPES, type MediaType, type Offer, PROTOBUF_TYPE, type Target } from '../request/negotiate.ts'
import { Frame } from '../watch/frame.ts'
import { partialMetadata } from './partial.ts'
import { includeObject, TablePrinter } from './table.ts'

/** Whether an endpoint of objects can turn its answer into `target` in an encoding. */
export function allowsTarget(target: Target | undefined, mediaType: MediaType): boolean {
  if (!target) return true
  if (target.group !== 'meta.k8s.io' || (target.version !== 'v1' && target.version !== 'v1beta1')) return false
  switch (target.kind) {
    case 'Table':
      return mediaType !== PROTOBUF_TYPE
    case 'PartialObjectMetadata':
    case 'PartialObjectMetadataList':
      return true
    default:
      return false
  }
}

/** What endpoints of objects offer, in these encodings. */
export function objectOffer(mediaTypes: readonly MediaType[]): Offer {
  return { mediaTypes, allows: allowsTarget }
}

/** What endpoints of custom resources offer: in protobuf only their metadata. */
export function customOffer(): Offer {
  const allows = (target: Target | undefined, mediaType: MediaType): boolean =>
    allowsTarget(target, mediaType) && (mediaType !== PROTOBUF_TYPE || target !== undefined)
  return { mediaTypes: ALL_MEDIA_TYPES, allows }
}

/** Turns an answer into what the client asks for in its Accept header: tables, or metadata alone. Throws 400 and 406. */
export async function transform(
  answer: Answer,
  target: Target | undefined,
  query: URLSearchParams,
  env: Env,
): Promise<Answer> {
  if (!target) return answer
  switch (answer.type) {
    case 'object':
      return transformObject(answer, target, query, env)
    case 'list':
      return transformList(answer, target, query, env)
    case 'watch':
      return transformWatch(answer, target, query, env)
    case 'value':
      return transformScale(answer, target, query, env)
    default:
      return answer
  }
}

function transformObject(answer: ObjectAnswer, target: Target, query: URLSearchParams, env: Env): Answer {
  const { resource, status } = answer
  const object = answer.object.object()
  if (target.kind === 'PartialObjectMetadataList') {
    throw notAcceptable(
      `you requested PartialObjectMetadataList, but the requested object is not a list (${goTypeOf(resource)})`,
    )
  }
  if (target.kind === 'PartialObjectMetadata') {
    return { type: 'value', status, value: partialMetadata(object, target.version) }
  }
  const printer = new TablePrinter(resource.definition, target.version, includeObject(query))
  const resourceVersion = object.metadata.resourceVersion ?? ''
  return { type: 'value', status, value: printer.table([object], { resourceVersion }, env.clock.now()) }
}

/** Of what is not stored, a Scale alone has metadata to show. */
function transformScale(answer: ValueAnswer, target: Target, query: URLSearchParams, env: Env): Answer {
  const { kind } = answer.value as { kind?: string }
  if (kind !== 'Scale') return answer
  const object = answer.value as ScaleObject
  const { status } = answer
  if (target.kind !== 'Table') {
    return { type: 'value', status, value: partialMetadata(object, target.version) }
  }
  const printer = new TablePrinter({ columns: SCALE_COLUMNS }, target.version, includeObject(query))
  const { resourceVersion = '' } = object.metadata
  return { type: 'value', status, value: printer.table([object], { resourceVersion }, env.clock.now()) }
}

type ScaleObject = Scale & KubeObject

const SCALE_COLUMNS: readonly Column<KubeObject>[] = [
  { ...nameColumn, format: '' },
  { name: 'Desired', type: 'integer', value: (scale) => (scale as Frozen<ScaleObject>).spec?.replicas ?? 0 },
  { name: 'Available', type: 'integer', value: (scale) => (scale as Frozen<ScaleObject>).status?.replicas ?? 0 },
  { ...ageColumn, type: 'string' },
]

async function transformList(answer: ListAnswer, target: Target, query: URLSearchParams, env: Env): Promise<Answer> {
  if (target.kind === 'PartialObjectMetadata') {
    throw notAcceptable(
      `you requested PartialObjectMetadata, but the requested object is a list (${goTypeOf(answer.resource, 'List')})`,
    )
  }
  if (target.kind === 'PartialObjectMetadataList') return partialList(answer, target.version)
  return tableList(
    answer,
    new TablePrinter(answer.resource.definition, target.version, includeObject(query)),
    env.clock.now(),
  )
}

/** The Go type by which upstream calls it: that of its internal packages. */
function goTypeOf({ definition, custom }: ServedResource, list = ''): string {
  if (custom) return `*unstructured.Unstructured${list}`
  const { group, kind } = definition
  const [goPackage = ''] = (group === '' || group === 'events.k8s.io' ? 'core' : group).split('.')
  return `*${goPackage}.${kind}${list}`
}

function partialList(answer: ListAnswer, version: string): ListAnswer {
  const turn = (item: ListItem): ListItem => new PartialItem(item, version)
  return { ...turned(answer, turn), kind: 'PartialObjectMetadataList', apiVersion: `meta.k8s.io/${version}` }
}

function tableList(answer: ListAnswer, printer: TablePrinter, now: number): ListAnswer {
  const { kind, apiVersion, columnDefinitions } = printer.head()
  const turn = (item: ListItem): ListItem => new RowItem(item, printer, now)
  return { ...turned(answer, turn), kind, apiVersion, shape: { items: 'rows', fields: { columnDefinitions } } }
}

/** The list with something else in each item's place. */
function turned(answer: ListAnswer, turn: (item: ListItem) => ListItem): ListAnswer {
  const { kept: _kept, keep: _keep, ...list } = answer
  const { first, rest } = answer
  return {
    ...list,
    first: first.map(turn),
    rest:
      rest &&
      (() => {
        const items = rest()
        return { step: (visit) => items.step((item) => visit(turn(item))) }
      }),
  }
}

class PartialItem implements ListItem {
  readonly #of: ListItem
  readonly #version: string

  constructor(of: ListItem, version: string) {
    this.#of = of
    this.#version = version
  }

  get size(): number {
    return this.#of.size
  }

  object(): Frozen<KubeObject> {
    return partialMetadata(this.#of, this.#version)
  }

  writeItem(to: ByteSink): void {
    this.#of.writePartial(to, this.#version)
  }

  writeJson(to: ByteSink): void {
    this.writeItem(to)
  }

  writePartial(to: ByteSink, version: string): void {
    this.#of.writePartial(to, version)
  }

  metadata(): Frozen<KubeObject>['metadata'] {
    return this.#of.metadata()
  }

  kept(): ListItem {
    return new PartialItem(this.#of.kept(), this.#version)
  }
}

/** A row of a table; as an object it is a metav1.TableRow. */
class RowItem implements ListItem {
  readonly #of: ListItem
  readonly #printer: TablePrinter
  readonly #now: number

  constructor(of: ListItem, printer: TablePrinter, now: number) {
    this.#of = of
    this.#printer = printer
    this.#now = now
  }

  get size(): number {
    return this.#of.size
  }

  object(): Frozen<KubeObject> {
    return this.#printer.row(this.#of.object(), this.#now) as unknown as Frozen<KubeObject>
  }

  writeItem(to: ByteSink): void {
    this.#printer.writeRow(to, this.#of, this.#now)
  }

  writeJson(to: ByteSink): void {
    this.writeItem(to)
  }

  writePartial(to: ByteSink, version: string): void {
    this.#of.writePartial(to, version)
  }

  metadata(): Frozen<KubeObject>['metadata'] {
    return this.#of.metadata()
  }

  kept(): ListItem {
    return new RowItem(this.#of.kept(), this.#printer, this.#now)
  }
}

function transformWatch(answer: WatchAnswer, target: Target, query: URLSearchParams, env: Env): WatchAnswer {
  const change =
    target.kind === 'Table'
      ? tableFrames(answer.resource, target.version, query, env)
      : (frame: WatchFrame) => partialFrame(frame, target.version)
  // An event is no list: upstream ends where the first one would be.
  const isList = target.kind === 'PartialObjectMetadataList'
  return {
    ...answer,
    start: (listener) =>
      answer.start({
        onEvent: (frame) =>
          isList ? listener.onEnd() : listener.onEvent(frame.type === 'ERROR' ? frame : change(frame)),
        ...initialOf(listener, target),
        onEnd: () => listener.onEnd(),
        hold: () => listener.hold?.(),
        taken: (last) => listener.taken?.(last) ?? Promise.resolve(),
      }),
  }
}

function initialOf(listener: WatchListener, { kind, version }: Target): Pick<WatchListener, 'onInitial'> {
  if (kind === 'Table' || !listener.onInitial) return {}
  return { onInitial: (item) => listener.onInitial?.(new PartialItem(item, version)) }
}

/** All who watch the metadata of a kind share one encoding. */
function partialFrame(frame: WatchFrame, version: string): WatchFrame {
  return frame.derived(`PartialObjectMetadata ${version}`, () => {
    return new Frame(frame.type, () => partialMetadata(frame.object(), version))
  })
}

/** Each event becomes a table of one row; only the first has headers. */
function tableFrames(
  { definition }: ServedResource,
  version: string,
  query: URLSearchParams,
  env: Env,
): (frame: WatchFrame) => WatchFrame {
  const printer = new TablePrinter(definition, version, includeObject(query))
  let headers = true
  return (frame) => {
    const object = frame.object()
    const resourceVersion = object.metadata.resourceVersion ?? ''
    const table = printer.table([object], { resourceVersion }, env.clock.now(), headers)
    headers = false
    return new Frame(frame.type, () => table as unknown as KubeObject)
  }
}

function notAcceptable(message: string): Error {
  return failure('NotAcceptable', message)
}

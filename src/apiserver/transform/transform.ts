import type { Frozen, KubeObject } from '../../apimachinery/meta.ts'
import { failure } from '../../apimachinery/status.ts'
import type { Env } from '../../lib/env.ts'
import {
  type Answer,
  type ListAnswer,
  listMeta,
  type ListItem,
  type ObjectAnswer,
  type WatchAnswer,
  type WatchFrame,
} from '../registry/answer.ts'
import type { ServedResource } from '../registry/served.ts'
import { type MediaType, type Offer, PROTOBUF_TYPE, type Target } from '../request/negotiate.ts'
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
    default:
      return answer
  }
}

function transformObject(answer: ObjectAnswer, target: Target, query: URLSearchParams, env: Env): Answer {
  const { resource, status } = answer
  const object = answer.object.object()
  if (target.kind === 'PartialObjectMetadataList') {
    throw notAcceptable(
      `you requested PartialObjectMetadataList, but the requested object is not a list (${resource.definition.kind})`,
    )
  }
  if (target.kind === 'PartialObjectMetadata') {
    return { type: 'value', status, value: partialMetadata(object, target.version) }
  }
  const printer = new TablePrinter(resource.definition, target.version, includeObject(query))
  const resourceVersion = object.metadata.resourceVersion ?? ''
  return { type: 'value', status, value: printer.table([object], { resourceVersion }, env.clock.now()) }
}

async function transformList(answer: ListAnswer, target: Target, query: URLSearchParams, env: Env): Promise<Answer> {
  if (target.kind === 'PartialObjectMetadata') {
    throw notAcceptable(`you requested PartialObjectMetadata, but the requested object is a list (${answer.kind})`)
  }
  if (target.kind === 'PartialObjectMetadataList') return partialList(answer, target.version)
  const printer = new TablePrinter(answer.resource.definition, target.version, includeObject(query))
  const objects = answer.first.map((item) => item.object())
  for await (const page of answer.rest()) for (const item of page) objects.push(item.object())
  return { type: 'value', status: 200, value: printer.table(objects, listMeta(answer), env.clock.now()) }
}

function partialList(answer: ListAnswer, version: string): ListAnswer {
  const item = (of: ListItem): ListItem => new PartialItem(of, version)
  const { kept: _kept, keep: _keep, ...list } = answer
  return {
    ...list,
    kind: 'PartialObjectMetadataList',
    apiVersion: `meta.k8s.io/${version}`,
    first: answer.first.map(item),
    async *rest() {
      for await (const page of answer.rest()) yield page.map(item)
    },
  }
}

const encoder = new TextEncoder()

class PartialItem implements ListItem {
  readonly #of: ListItem
  readonly #version: string

  constructor(of: ListItem, version: string) {
    this.#of = of
    this.#version = version
  }

  object(): Frozen<KubeObject> {
    return partialMetadata(this.#of.object(), this.#version)
  }

  itemJson(): Uint8Array {
    return encoder.encode(JSON.stringify(this.object()))
  }
}

function transformWatch(answer: WatchAnswer, target: Target, query: URLSearchParams, env: Env): WatchAnswer {
  const change =
    target.kind === 'Table'
      ? tableFrames(answer.resource, target.version, query, env)
      : (frame: WatchFrame) => partialFrame(frame, target.version)
  return {
    ...answer,
    start: (listener) =>
      answer.start({
        onEvent: (frame) => listener.onEvent(frame.type === 'ERROR' ? frame : change(frame)),
        onEnd: () => listener.onEnd(),
      }),
  }
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

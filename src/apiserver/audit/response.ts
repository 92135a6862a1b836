import { stringifyJson } from '../../apimachinery/codec/json/encode.ts'
import type { Status } from '../../apimachinery/status.ts'
import { concatenated } from '../../lib/bytes.ts'
import { nextTurn } from '../../lib/turn.ts'
import type { MaybePromise } from '../../store/store.ts'
import { encode } from '../encode/encode.ts'
import type { Encoded } from '../encode/encoded.ts'
import type { Answer, ListAnswer, ListItem } from '../registry/answer.ts'
import { type Accepted, JSON_TYPE } from '../request/negotiate.ts'
import type { RawJson } from './event.ts'

const PLAIN_JSON: Accepted = { mediaType: JSON_TYPE, target: undefined, pretty: false }
const NEWLINE = 0x0a

/** The Status that an answer is, if it is one. */
export function statusOf(answer: Answer): Status | undefined {
  if (answer.type !== 'value') return undefined
  const { kind } = answer.value as { kind?: unknown }
  return kind === 'Status' ? (answer.value as Status) : undefined
}

/**
 * The object of an answer in JSON: what goes to the client, where that is it, and else the same once more. Undefined for what is no object
 * of the API. A list must be `collected`.
 */
export function objectJson(answer: Answer, encoded?: Encoded, pretty = false): MaybePromise<RawJson | undefined> {
  const sent = encoded?.type === 'body' && !pretty && encoded.headers['content-type'] === JSON_TYPE
  switch (answer.type) {
    case 'object':
      return sent ? withoutLineEnd(encoded.body) : answer.object.json()
    case 'value':
      return sent ? withoutLineEnd(encoded.body) : stringifyJson(answer.value)
    case 'list':
      return sent ? withoutLineEnd(encoded.body) : listJson(answer)
    case 'raw':
      return answer.isObject ? withoutLineEnd(answer.body) : undefined
    default:
      return undefined
  }
}

function withoutLineEnd(json: RawJson): RawJson {
  if (typeof json === 'string') return json.endsWith('\n') ? json.slice(0, -1) : json
  return json.at(-1) === NEWLINE ? json.subarray(0, -1) : json
}

async function listJson({ keep: _keep, ...list }: ListAnswer): Promise<RawJson | undefined> {
  const encoded = await encode(list, PLAIN_JSON)
  if (encoded.type === 'body') return withoutLineEnd(encoded.body)
  if (encoded.type !== 'stream') return undefined
  const parts: Uint8Array[] = []
  for await (const part of encoded.parts) parts.push(part.slice())
  return withoutLineEnd(concatenated(parts))
}

/** A list that has all its items, so that it can be written twice. */
export async function collected(list: ListAnswer): Promise<ListAnswer> {
  const rest = list.kept ? undefined : list.rest?.()
  if (!rest) return list
  const first: ListItem[] = [...list.first]
  const take = (item: ListItem): boolean => first.push(item.kept()) > 0
  while (await rest.step(take)) await nextTurn()
  return { ...list, first, rest: undefined }
}

import { createHash } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import type { Case, Step } from './case.ts'
import { decodeBody } from './decode.ts'
import type { Names } from './perform.ts'
import type { Reply } from './target.ts'

/** What of an answer two servers must agree on. */
export interface Facts {
  readonly status?: number
  /** Only those that are not as USUAL; null for a usual one that is absent. */
  readonly headers?: Readonly<Record<string, string | null>>
  readonly body?: unknown
  /** How JSON is laid out, when it is not one line with its end. */
  readonly form?: string
}

/** Headers as most answers have them. */
const USUAL: Readonly<Record<string, string>> = {
  'audit-id': '<some>',
  'cache-control': 'no-cache, private',
  'content-type': 'application/json',
  'x-kubernetes-pf-flowschema-uid': '<some>',
  'x-kubernetes-pf-prioritylevel-uid': '<some>',
}
/** Headers whose values are each server's own. */
const OWN_VALUE: ReadonlySet<string> = new Set([
  'audit-id',
  'etag',
  'last-modified',
  'process-start-time-unix',
  'x-kubernetes-pf-flowschema-uid',
  'x-kubernetes-pf-prioritylevel-uid',
])
/** How the answer is brought, not what it says. */
const FRAMING: ReadonlySet<string> = new Set([
  'connection',
  'content-length',
  'date',
  'keep-alive',
  'transfer-encoding',
])

const UUID = /\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/g
const TIME = /\b20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ/g
const MICRO_TIME = /\b20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z/g

/** Takes out of answers what rightly differs between two servers, and keeps what it is to the rest: the same uid stays the same. */
export class Normaliser {
  readonly #names: Names
  readonly #managedFields: boolean
  readonly #uids = new Map<string, string>()
  readonly #revisions = new Map<string, string>()
  /** Names that the server makes of the case's prefixes. */
  readonly #generated: RegExp

  constructor(names: Names, { managedFields = false, generated = [] }: Case) {
    this.#names = names
    this.#managedFields = managedFields
    this.#generated = generated.length > 0 ? new RegExp(`(${generated.join('|')})[a-z0-9]{5}\\b`, 'g') : /(?!)()/g
  }

  /** Notes uids and revisions of an answer that is not compared. */
  look(reply: Reply): void {
    this.#value(decodeBody(reply))
  }

  factsOf(reply: Reply, { compare = ['status', 'headers', 'body'], view = (body) => body }: Step): Facts {
    const wanted = new Set(compare)
    return {
      ...(wanted.has('status') && { status: reply.status }),
      ...(wanted.has('headers') && { headers: this.#headers(reply.headers) }),
      ...(wanted.has('body') && { body: this.#value(view(decodeBody(reply))), ...formOf(reply) }),
    }
  }

  /** What webhooks were asked, as facts. */
  factsOfQuestions(asked: readonly unknown[]): Facts {
    return { body: this.#value(asked) }
  }

  #headers(headers: IncomingHttpHeaders): Record<string, string | null> {
    const unusual: Record<string, string | null> = {}
    for (const name of Object.keys(USUAL)) if (headers[name] === undefined) unusual[name] = null
    for (const [name, value] of Object.entries(headers)) {
      if (FRAMING.has(name)) continue
      const text = OWN_VALUE.has(name) ? '<some>' : this.#text(String(value))
      if (text !== USUAL[name]) unusual[name] = text
    }
    return unusual
  }

  #value(value: unknown): unknown {
    if (typeof value === 'string') return this.#text(value)
    if (Array.isArray(value)) return value.map((item) => this.#value(item))
    if (typeof value !== 'object' || value === null) return value
    const entries = Object.entries(value as Record<string, unknown>)
    const isList = 'items' in value || 'rows' in value
    return Object.fromEntries(entries.map(([field, of]) => [this.#text(field), this.#field(field, of, value, isList)]))
  }

  #field(field: string, value: unknown, parent: object, isList: boolean): unknown {
    switch (field) {
      case 'metadata':
        if (isList) return this.#listMeta(value)
        return this.#value(value)
      case 'resourceVersion':
        return typeof value === 'string' && value !== '' ? this.#revision(value) : value
      case 'managedFields':
        return Array.isArray(value) && !this.#managedFields
          ? value.map((entry) => this.#text(summary(entry)))
          : this.#value(value)
      case 'serverAddress':
        return '<some>'
      case 'cells':
        return Array.isArray(value) ? value.map((cell) => this.#cell(cell)) : value
      case 'columnDefinitions':
        return Array.isArray(value) ? value.map(columnOf) : value
      case 'description':
        // Texts that explain are each one's own.
        return 'jsonPath' in parent ? '<some>' : this.#value(value)
      default:
        return this.#value(value)
    }
  }

  /** An age of seconds is how fast we were; one of years grows from one day to the next. */
  #cell(cell: unknown): unknown {
    if (typeof cell !== 'string') return this.#value(cell)
    return /^\d+s( ago)?$/.test(cell) ? '<age>' : this.#text(cell).replaceAll(/\b\d+y(\d+d)?\b/g, '<years>')
  }

  /** A list is as new as the server's last write, whoever made that. */
  #listMeta(value: unknown): unknown {
    if (typeof value !== 'object' || value === null) return value
    const meta: Record<string, unknown> = { ...value }
    if (typeof meta['resourceVersion'] === 'string') meta['resourceVersion'] = meta['resourceVersion'] && '<now>'
    if (typeof meta['continue'] === 'string') meta['continue'] = this.#continue(meta['continue'])
    return meta
  }

  #continue(token: string): unknown {
    try {
      const {
        rv: _rv,
        left: _left,
        ...rest
      } = JSON.parse(Buffer.from(token, 'base64').toString()) as Record<string, unknown>
      return this.#value(rest)
    } catch {
      return token
    }
  }

  #revision(revision: string): string {
    if (revision === '0') return '0'
    return remembered(this.#revisions, revision, 'revision')
  }

  #text(text: string): string {
    return (
      text
        .replaceAll(this.#names.ns, '$ns')
        .replaceAll(this.#names.id, '$id')
        .replaceAll(UUID, (uid) => remembered(this.#uids, uid, 'uid'))
        .replaceAll(this.#generated, '$1<random>')
        .replaceAll(/\b(kube-api-access-)[a-z0-9]{5}\b/g, '$1<random>')
        .replaceAll(/\b10\.96\.(?!0\.1\b)\d+\.\d+\b/g, '<cluster address>')
        // Where the webhooks are.
        .replaceAll(/\blocalhost:\d{4,5}\b/g, '<webhooks>')
        // Upstream numbers the types that it makes of schemas.
        .replaceAll(/\bselfType\d+/g, 'selfType')
        // A place in upstream's source, as it was built.
        .replaceAll(/in scheme (\\?")[^"\\]*/g, 'in scheme $1<some>')
        .replaceAll('https://kubernetes.default.svc.cluster.local', 'https://kubernetes.default.svc')
        .replaceAll(MICRO_TIME, '<microtime>')
        .replaceAll(TIME, '<time>')
        .replaceAll(/(current: |resource version: \d+ \(|in record \(|resourceVersion\\?": ?\\?")\d+/g, '$1<now>')
    )
  }
}

function formOf({ headers, body }: Reply): { form?: string } {
  if (headers['content-type'] !== 'application/json' || headers['content-encoding'] || body.length === 0) return {}
  const words = [...(body.includes('{\n') ? ['indented'] : []), ...(body.at(-1) === 0x0a ? [] : ['without a line end'])]
  return words.length > 0 ? { form: words.join(', ') } : {}
}

function remembered(known: Map<string, string>, value: string, word: string): string {
  const name = known.get(value) ?? `<${word} ${known.size + 1}>`
  known.set(value, name)
  return name
}

/** Who owns how much: enough to see that two servers agree. */
function summary(entry: unknown): string {
  const { manager, operation, apiVersion, subresource, fieldsV1, time } = entry as Record<string, unknown>
  const words = [manager, operation, apiVersion, ...(subresource === undefined ? [] : [subresource])]
  return `${words.join(' ')} ${digest(fieldsV1)}${time === undefined ? ' timeless' : ''}`
}

function columnOf(column: unknown): unknown {
  const { description: _description, ...rest } = column as Record<string, unknown>
  return rest
}

/** A short hash of a value, whatever the order of its fields. */
export function digest(value: unknown): string {
  return createHash('sha256')
    .update(JSON.stringify(sorted(value)))
    .digest('hex')
    .slice(0, 10)
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value as Record<string, unknown>).sort(([a], [b]) => (a < b ? -1 : 1))
  return Object.fromEntries(entries.map(([field, of]) => [field, sorted(of)]))
}

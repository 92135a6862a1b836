import { isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument } from 'yaml'
import type { Alias, Document, Pair, Scalar, YAMLMap, YAMLSeq } from 'yaml'
import { setOwn } from '../../../lib/own.ts'
import { goQuote } from '../../../lib/quote.ts'
import { DecodeError } from '../errors.ts'
import { MAX_DEPTH } from '../json/scan.ts'
import { isTooDeep, MAX_YAML_DEPTH } from './depth.ts'
import { resolvePlain, resolveTagged } from './scalar.ts'
import type { YamlScalar } from './scalar.ts'

/** A larger text is refused; no object that can be kept comes near, and parsing costs about a second per megabyte. */
export const MAX_YAML_LENGTH = 1_572_864
/** More nodes behind aliases are taken for an attack. */
const MAX_ALIASED_NODES = 100_000

export interface ParsedYaml {
  readonly value: unknown
  /** Keys that stand twice, as upstream's strict decoder tells them, in one message; empty for none. */
  readonly duplicates: string
}

/**
 * Parses the first document of a YAML text as upstream does: YAML 1.1 scalars, merge keys, keys of any scalar type made
 * strings. Throws DecodeError.
 */
export function parseYaml(text: string): ParsedYaml {
  if (text.length > MAX_YAML_LENGTH) throw refused(`document is larger than ${MAX_YAML_LENGTH} bytes`)
  // Empty items in flow collections are never valid, and slow to refuse one by one.
  if (/(?:,\s*){64}/.test(text)) throw refused('did not find expected node content')
  if (isTooDeep(text)) throw refused(`exceeded max depth of ${MAX_YAML_DEPTH}`)
  const lines = new LineCounter()
  const document = parseDocument(text, {
    schema: 'failsafe',
    version: '1.1',
    uniqueKeys: false,
    merge: false,
    prettyErrors: false,
    logLevel: 'silent',
    lineCounter: lines,
  })
  const [error] = document.errors
  if (error) throw refused(`line ${lines.linePos(error.pos[0]).line}: ${error.message}`)
  return new Conversion(document, lines).run()
}

const refused = (message: string): DecodeError => new DecodeError(`yaml: ${message}`, { unrecognized: true })

type Node = Alias | Scalar | YAMLMap | YAMLSeq

/** Turns the nodes of a document into values. */
class Conversion {
  readonly #root: Node | null
  readonly #lines: LineCounter
  readonly #targets = new Map<Alias, Node | undefined>()
  readonly #open = new Set<Node>()
  readonly #duplicates: string[] = []
  #nodes = 0
  #aliasedNodes = 0
  #aliasDepth = 0

  constructor(document: Document.Parsed, lines: LineCounter) {
    this.#root = document.contents as Node | null
    this.#lines = lines
  }

  run(): ParsedYaml {
    this.#resolveAliases(this.#root, new Map(), 0)
    const value = this.#value(this.#root)
    const duplicates = this.#duplicates.length > 0 ? `yaml: unmarshal errors:\n  ${this.#duplicates.join('\n  ')}` : ''
    return { value, duplicates }
  }

  /** Finds what each alias stands for: the last anchor of that name before it. */
  #resolveAliases(node: Node | null | undefined, anchors: Map<string, Node>, depth: number): void {
    if (!node) return
    if (depth > MAX_DEPTH) throw refused('exceeded max depth')
    if (isAlias(node)) {
      const target = anchors.get(node.source)
      if (!target) throw refused(`unknown anchor '${node.source}' referenced`)
      this.#targets.set(node, target)
      return
    }
    if (node.anchor) anchors.set(node.anchor, node)
    if (isSeq(node)) for (const item of node.items) this.#resolveAliases(item as Node, anchors, depth + 1)
    else if (isMap(node)) {
      for (const pair of node.items as Pair<Node, Node | null>[]) {
        this.#resolveAliases(pair.key, anchors, depth + 1)
        this.#resolveAliases(pair.value, anchors, depth + 1)
      }
    }
  }

  #value(node: Node | null | undefined): unknown {
    this.#count()
    if (!node) return null
    if (isAlias(node)) return this.#aliased(node)
    if (isScalar(node)) return jsonScalar(scalarOf(node))
    if (isSeq(node)) return node.items.map((item) => this.#value(item as Node))
    const object: Record<string, unknown> = {}
    this.#fill(object, node)
    return object
  }

  #count(): void {
    this.#nodes++
    if (this.#aliasDepth > 0) this.#aliasedNodes++
    const isExcessive = this.#aliasedNodes > 100 && this.#nodes > 1000 && this.#aliasedNodes / this.#nodes > 0.99
    if (isExcessive || this.#aliasedNodes > MAX_ALIASED_NODES) throw refused('document contains excessive aliasing')
  }

  #aliased(alias: Alias): unknown {
    const target = this.#targets.get(alias)
    if (target && this.#open.has(target)) throw refused(`anchor '${alias.source}' value contains itself`)
    if (this.#aliasDepth > MAX_DEPTH) throw refused('exceeded max depth')
    if (target) this.#open.add(target)
    this.#aliasDepth++
    const value = this.#value(target)
    this.#aliasDepth--
    if (target) this.#open.delete(target)
    return value
  }

  #fill(object: Record<string, unknown>, map: YAMLMap): void {
    for (const { key, value } of map.items as Pair<Node, Node | null>[]) {
      if (isMergeKey(key)) this.#merge(object, value)
      else {
        const scalar = isScalar(key) ? scalarOf(key) : this.#value(key)
        const name = keyText(scalar)
        const converted = this.#value(value)
        if (Object.hasOwn(object, name)) this.#duplicates.push(this.#duplicate(scalar, value ?? key))
        setOwn(object, name, converted)
      }
    }
  }

  #duplicate(key: unknown, node: Node): string {
    const shown = typeof key === 'string' ? goQuote(key) : String(key)
    return `line ${this.#lines.linePos(node.range?.[0] ?? 0).line}: key ${shown} already set in map`
  }

  /** `<<`: what it brings counts as if it stood here; of a list, the first counts most. */
  #merge(object: Record<string, unknown>, value: Node | null): void {
    const sources = isSeq(value) ? value.items.toReversed() : [value]
    for (const source of sources as (Node | null)[]) {
      const target = isAlias(source) ? this.#targets.get(source) : source
      if (!isMap(target)) throw refused('map merge requires map or sequence of maps as the value')
      Object.entries(this.#value(source) as object).forEach(([name, entry]) => setOwn(object, name, entry))
    }
  }
}

const nonFiniteKey = (key: number): string => (Number.isNaN(key) ? '.nan' : key > 0 ? '.inf' : '-.inf')

function isMergeKey(node: Node | null): boolean {
  return isScalar(node) && node.value === '<<' && (node.type === 'PLAIN' || node.tag === 'tag:yaml.org,2002:merge')
}

function scalarOf(node: Scalar): YamlScalar {
  const text = typeof node.value === 'string' ? node.value : ''
  if (node.tag) return resolveTagged(node.tag, text)
  return node.type === 'PLAIN' || node.type === undefined ? resolvePlain(text) : text
}

function jsonScalar(value: YamlScalar): YamlScalar {
  if (typeof value !== 'number' || Number.isFinite(value)) return value
  const shown = Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf'
  throw new DecodeError(`json: unsupported value: ${shown}`, { unrecognized: true })
}

function keyText(key: unknown): string {
  if (typeof key === 'string') return key
  if (typeof key === 'number') return Number.isFinite(key) ? String(key) : nonFiniteKey(key)
  if (typeof key === 'bigint' || typeof key === 'boolean') return String(key)
  throw refused(key === null ? 'unsupported map key of type: <nil>' : 'invalid map key')
}

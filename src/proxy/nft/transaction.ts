import { baseTable, type Ruleset, type TableOptions } from './ruleset.ts'

/** A script for `nft -f` that replaces the whole table atomically. */
export function fullScript(options: TableOptions, wanted: Ruleset): string {
  const { family, table } = options
  const fresh = [`add table ${family} ${table}`, `delete table ${family} ${table}`, baseTable(options)]
  return `${fresh.join('\n')}${changes(options, EMPTY, wanted)}`
}

/** A script that leads from one ruleset to the next atomically, of a size proportional to what changed; empty when nothing did. */
export function changeScript(options: TableOptions, now: Ruleset, wanted: Ruleset): string {
  return changes(options, now, wanted)
}

const EMPTY: Ruleset = { chains: new Map(), sets: new Map(), elements: new Map() }

function changes({ family, table }: TableOptions, now: Ruleset, wanted: Ruleset): string {
  const at = `${family} ${table}`
  const lines: string[] = []
  const changedChains = [...wanted.chains].filter(([name, rules]) => !sameLines(now.chains.get(name), rules))
  // 1. Names first, so that rules and elements may refer to them in any order.
  for (const [name, declaration] of wanted.sets)
    if (!now.sets.has(name)) lines.push(`add set ${at} ${quote(name)} { ${declaration} }`)
  for (const [name] of changedChains) lines.push(`add chain ${at} ${quote(name)}`)
  // 2. Elements and rules that go, before what they refer to does.
  lines.push(...elementChanges(at, now, wanted))
  for (const [name] of changedChains) lines.push(`flush chain ${at} ${quote(name)}`)
  const goneChains = [...now.chains.keys()].filter((name) => !wanted.chains.has(name))
  for (const name of goneChains) lines.push(`flush chain ${at} ${quote(name)}`)
  for (const [name, rules] of changedChains)
    for (const rule of rules) lines.push(`add rule ${at} ${quote(name)} ${quoteReferences(rule)}`)
  // 3. Nothing refers to these any more.
  for (const name of goneChains) lines.push(`delete chain ${at} ${quote(name)}`)
  for (const name of now.sets.keys()) if (!wanted.sets.has(name)) lines.push(`delete set ${at} ${quote(name)}`)
  return lines.length === 0 ? '' : `${lines.join('\n')}\n`
}

function elementChanges(at: string, now: Ruleset, wanted: Ruleset): string[] {
  const remove: string[] = []
  const add: string[] = []
  for (const map of new Set([...now.elements.keys(), ...wanted.elements.keys()])) {
    const before = now.elements.get(map)
    const after = wanted.elements.get(map)
    for (const [key, value] of before ?? [])
      if (after?.get(key) !== value) remove.push(`delete element ${at} ${map} { ${key} }`)
    for (const [key, value] of after ?? []) {
      if (before?.get(key) !== value) add.push(`add element ${at} ${map} { ${key} : ${quoteReferences(value)} }`)
    }
  }
  return [...remove, ...add]
}

function sameLines(a: readonly string[] | undefined, b: readonly string[]): boolean {
  return a !== undefined && a.length === b.length && a.every((line, i) => line === b[i])
}

/** The longest name that the kernel takes is 255 bytes; nft accepts letters, digits and `/\\_.-` after a letter. */
const MAX_NAME = 128

/** Makes a name fit for nft; a long one keeps its head and gets a hash for a tail. */
function quote(name: string): string {
  if (name.length <= MAX_NAME) return name
  return `${name.slice(0, MAX_NAME - 9)}-${hash(name)}`
}

/** Applies `quote` to the names that a rule or verdict refers to. */
function quoteReferences(text: string): string {
  return text.replace(/(goto |jump |@)([\w./-]+)/g, (_, lead: string, name: string) => lead + quote(name))
}

/** FNV-1a, eight hexadecimal digits. */
function hash(text: string): string {
  let h = 0x811c9dc5
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193)
  return (h >>> 0).toString(16).padStart(8, '0')
}

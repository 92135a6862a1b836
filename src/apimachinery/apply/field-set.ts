/**
 * A set of field paths, as a tree in the form of FieldsV1: each node maps path elements to the sets below them. A path is
 * a member when its node is empty, or has the key `.`. So the JSON of managedFields is the set, and back. Sets are shared
 * and never changed once made.
 */
import { setOwn } from '../../lib/own.ts'
import { ParseError } from '../parse-error.ts'
import { isJsonObject } from '../../lib/json-value.ts'
import { canonicalElement, compareElements } from './path-element.ts'
import type { PathElement } from './path-element.ts'

export interface FieldSet {
  readonly [element: string]: FieldSet
}

/** A set in the making. */
export interface MutableFieldSet {
  [element: string]: MutableFieldSet
}

const SELF = '.'
/** A path that is a member, with nothing below it. */
export const LEAF: FieldSet = Object.freeze({})
/** The set without members, which at the root is the empty node. */
export const EMPTY_SET: FieldSet = LEAF

/** Whether a node below the root is itself a member. */
export function isMember(node: FieldSet): boolean {
  return Object.hasOwn(node, SELF) || isLeaf(node)
}

/** Whether nothing is below a node; a root like that is the empty set. */
export function isLeaf(node: FieldSet): boolean {
  for (const key in node) if (key !== SELF) return false
  return true
}

/** The node below, if it is there. */
export const childOf = (node: FieldSet, element: PathElement): FieldSet | undefined =>
  Object.hasOwn(node, element) ? node[element] : undefined

/** A node with these children that is a member or not; undefined for one that is nothing at all. */
export function nodeOf(member: boolean, children: MutableFieldSet): FieldSet | undefined {
  if (isLeaf(children)) return member ? LEAF : undefined
  if (!member) return children
  return { [SELF]: LEAF, ...children }
}

/** Whether a path, which is not empty, is a member. */
export function hasPath(set: FieldSet, path: readonly PathElement[]): boolean {
  let node: FieldSet | undefined = set
  for (const element of path) {
    node = node && childOf(node, element)
    if (!node) return false
  }
  return path.length > 0 && isMember(node)
}

/** The set of these paths. */
export function setOfPaths(paths: Iterable<readonly PathElement[]>): FieldSet {
  let set: FieldSet = EMPTY_SET
  for (const path of paths) {
    let node: FieldSet = LEAF
    for (const element of path.toReversed()) node = { [element]: node }
    set = union(set, node)
  }
  return set
}

/** Whatever is in one of the two. */
export function union(a: FieldSet, b: FieldSet): FieldSet {
  if (a === b || isLeaf(b)) return a
  if (isLeaf(a)) return b
  const children: MutableFieldSet = {}
  for (const element of elements(a)) {
    const [left, right] = [a[element], childOf(b, element)]
    const node = left && right ? unionNodes(left, right) : left
    if (node) children[element] = node
  }
  for (const element of elements(b)) {
    const node = b[element]
    if (node && !Object.hasOwn(children, element)) children[element] = node
  }
  return children
}

function unionNodes(a: FieldSet, b: FieldSet): FieldSet {
  if (a === b) return a
  const below = union(withoutSelf(a), withoutSelf(b))
  return nodeOf(isMember(a) || isMember(b), below) ?? LEAF
}

/** What is in both. */
export function intersection(a: FieldSet, b: FieldSet): FieldSet {
  const children: MutableFieldSet = {}
  for (const element of elements(a)) {
    const [left, right] = [a[element], childOf(b, element)]
    const node = left && right && nodeOf(isMember(left) && isMember(right), intersection(left, right))
    if (node) children[element] = node
  }
  return children
}

/** What is in `a` and not in `b`; paths below a member of `b` stay. */
export function difference(a: FieldSet, b: FieldSet): FieldSet {
  if (isLeaf(b)) return a
  const children: MutableFieldSet = {}
  for (const element of elements(a)) {
    const [left, right] = [a[element], childOf(b, element)]
    const node =
      left && right
        ? nodeOf(isMember(left) && !isMember(right), difference(withoutSelf(left), withoutSelf(right)))
        : left
    if (node) children[element] = node
  }
  return children
}

/** What is in `a`, and neither in `b` nor below a member of `b`. */
export function recursiveDifference(a: FieldSet, b: FieldSet): FieldSet {
  if (isLeaf(b)) return a
  const children: MutableFieldSet = {}
  for (const element of elements(a)) {
    const [left, right] = [a[element], childOf(b, element)]
    if (right && isMember(right)) continue
    const node = left && right ? nodeOf(isMember(left), recursiveDifference(withoutSelf(left), right)) : left
    if (node) children[element] = node
  }
  return children
}

/** The path elements below a node. */
export function elements(node: FieldSet): PathElement[] {
  return Object.keys(node).filter((key) => key !== SELF)
}

/** A node as the root of the set that is below it. */
export function withoutSelf(node: FieldSet): FieldSet {
  if (!Object.hasOwn(node, SELF)) return node
  const { [SELF]: _, ...rest } = node
  return rest
}

/** Every member's path, in upstream's order: a node's members, then what is below them. */
export function* pathsOf(set: FieldSet, prefix: readonly PathElement[] = []): Generator<readonly PathElement[]> {
  const sorted = elements(set).sort(compareElements)
  for (const element of sorted) if (isMember(set[element] ?? LEAF)) yield [...prefix, element]
  for (const element of sorted) yield* pathsOf(set[element] ?? LEAF, [...prefix, element])
}

/** Whether two sets have the same members. */
export function equalSets(a: FieldSet, b: FieldSet): boolean {
  if (a === b) return true
  const keys = elements(a)
  return (
    keys.length === elements(b).length &&
    keys.every((element) => {
      const [left, right] = [a[element], childOf(b, element)]
      return left !== undefined && right !== undefined && isMember(left) === isMember(right) && equalSets(left, right)
    })
  )
}

/** The set with its elements in upstream's order, for printing. Gives the set itself when they are. */
export function sortedSet(set: FieldSet): FieldSet {
  const keys = Object.keys(set)
  let same = true
  let previous = ''
  for (const key of keys) {
    if (previous !== '' && (key === SELF || (previous !== SELF && compareElements(previous, key) > 0))) same = false
    previous = key
  }
  const order = same ? keys : keys.sort((a, b) => (a === SELF ? -1 : b === SELF ? 1 : compareElements(a, b)))
  const out: MutableFieldSet = {}
  for (const key of order) {
    const node = set[key] ?? LEAF
    const sorted = node === LEAF ? LEAF : sortedSet(node)
    if (sorted !== node) same = false
    out[key] = sorted
  }
  return same ? set : out
}

/** Reads a client's FieldsV1. Elements of types that are not known are dropped. Throws ParseError. */
export function parseFieldSet(fields: unknown): FieldSet {
  if (!isJsonObject(fields)) return EMPTY_SET
  const out: MutableFieldSet = {}
  for (const key of Object.keys(fields)) {
    if (key === SELF) {
      out[SELF] = {}
      continue
    }
    const element = canonicalElement(key)
    if (element === undefined) continue
    if (!isJsonObject(fields[key])) throw new ParseError(`expected an object for ${key}`)
    setOwn(out, element, parseFieldSet(fields[key]))
  }
  return out
}

import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { schemaFor } from '../../src/api/schema-for.ts'
import { applyPatch } from '../../src/apimachinery/apply/apply.ts'
import { difference, equalSets, isLeaf, parseFieldSet, pathsOf, union } from '../../src/apimachinery/apply/field-set.ts'
import type { FieldSet } from '../../src/apimachinery/apply/field-set.ts'
import { decodeManagers, encodeManagers } from '../../src/apimachinery/apply/managers.ts'
import { printPath } from '../../src/apimachinery/apply/path-element.ts'
import { toFieldSet } from '../../src/apimachinery/apply/to-field-set.ts'
import { ownable, recordUpdate, resetFields } from '../../src/apimachinery/apply/update.ts'
import { decodeValue } from '../../src/apimachinery/codec/json/decode.ts'
import { encodeJson } from '../../src/apimachinery/codec/json/encode.ts'
import { equalJson } from '../../src/lib/json-value.ts'
import type { KubeObject } from '../../src/apimachinery/meta.ts'
import { StatusError } from '../../src/apimachinery/status.ts'
import { fuzz } from '../fuzz/runs.ts'
import { deployments, fullDeployments } from './deployments.ts'

const schema = schemaFor('io.k8s.api.apps.v1.Deployment')
const MANAGERS = ['ann', 'bob', 'cy'] as const
type Manager = (typeof MANAGERS)[number]

const write = (manager: string) => ({
  schema,
  apiVersion: 'apps/v1',
  manager,
  now: '2026-01-01T00:00:00Z',
  ignored: resetFields('status'),
})

/** As it is kept: decoded and printed again. */
function kept(object: object): KubeObject {
  const decoded = decodeValue(schema, structuredClone(object), 'Ignore').object
  const stored = JSON.parse(encodeJson(schema, decoded)) as KubeObject
  return { ...stored, metadata: { ...stored.metadata, uid: 'u' } }
}

const apply = (live: KubeObject | undefined, object: object, manager: string, force = false): KubeObject =>
  kept(applyPatch(live, object as KubeObject, { ...write(manager), kind: 'Deployment', force }).object)

function update(live: KubeObject | undefined, object: object, manager: string): KubeObject {
  const { metadata, ...rest } = kept(object)
  const next = { ...rest, metadata: { ...metadata, managedFields: live?.metadata.managedFields } } as KubeObject
  const managedFields = recordUpdate(live, next, write(manager))
  return kept({ ...next, metadata: { ...next.metadata, managedFields } })
}

/** What an attempt conflicts about; undefined when it succeeds. */
function conflictsOf(live: KubeObject | undefined, object: object, manager: string): readonly string[] | undefined {
  try {
    apply(live, object, manager)
    return undefined
  } catch (error) {
    assert.ok(error instanceof StatusError && error.status.code === 409, String(error))
    return (error.status.details?.causes ?? []).map(({ field = '', message = '' }) => `${message} ${field}`).sort()
  }
}

const setOf = (live: KubeObject, manager: string, operation = 'Apply'): FieldSet =>
  [...decodeManagers(live.metadata.managedFields).values()].find(
    (owner) => owner.manager === manager && owner.operation === operation,
  )?.set ?? {}

const ownedBy = (live: KubeObject, except?: string): FieldSet =>
  [...decodeManagers(live.metadata.managedFields).values()]
    .filter(({ manager, operation }) => `${manager} ${operation}` !== except)
    .reduce<FieldSet>((all, { set }) => union(all, set), {})

/** Every owned leaf of an object, by its path as messages print it, with its value. */
function leaves(object: object): Map<string, string> {
  const found = new Map<string, string>()
  const set = ownable(toFieldSet(schema, object))
  for (const path of pathsOf(set)) found.set(printPath(path), JSON.stringify(at(object, path)))
  return found
}

/** The value at a path of a set. */
function at(value: unknown, path: readonly string[]): unknown {
  let current = value
  for (const step of path) {
    if (step.startsWith('f:')) current = (current as Record<string, unknown> | undefined)?.[step.slice(2)]
    else {
      const items = (current ?? []) as unknown[]
      const wanted = JSON.parse(step.slice(2)) as unknown
      current = items.find((item) =>
        step.startsWith('v:')
          ? item === wanted
          : Object.entries(wanted as object).every(
              ([key, of]) => ((item as Record<string, unknown>)[key] ?? DEFAULTS[key]) === of,
            ),
      )
    }
  }
  return current
}
/** Keys that have a default may be left out. */
const DEFAULTS: Readonly<Record<string, unknown>> = { protocol: 'TCP' }

const withoutManagers = ({ metadata, ...rest }: KubeObject): object => {
  const { managedFields: _, ...others } = metadata
  return { ...rest, metadata: others }
}

type Step = readonly [kind: 'apply' | 'force' | 'update', manager: Manager, object: Record<string, unknown>]
const stepWith = (objects: typeof deployments): fc.Arbitrary<Step> =>
  fc.tuple(fc.constantFrom('apply', 'apply', 'force', 'update'), fc.constantFrom(...MANAGERS), objects)

/** An object after some applies and updates; what conflicts is left undone. */
const liveOf = (objects: typeof deployments): fc.Arbitrary<KubeObject | undefined> =>
  fc.array(stepWith(objects), { minLength: 1, maxLength: 4 }).map(after)

function after(steps: readonly Step[]): KubeObject | undefined {
  let object: KubeObject | undefined
  for (const [kind, manager, next] of steps)
    if (kind === 'update') object = update(object, next, manager)
    else if (kind === 'force' || !conflictsOf(object, next, manager)) object = apply(object, next, manager, true)
  return object
}
const live = liveOf(deployments)
const fullLive = liveOf(fullDeployments)

test('applying twice is applying once', () =>
  fuzz(150, fc.tuple(live, deployments), ([before, configuration]) => {
    const once = apply(before, configuration, 'ann', true)
    assert.equal(conflictsOf(once, configuration, 'ann'), undefined)
    assert.deepEqual(apply(once, configuration, 'ann'), once)
  }))

test('what is applied is there, and belongs to who applied it', () =>
  fuzz(150, fc.tuple(live, deployments), ([before, configuration]) => {
    const after = apply(before, configuration, 'ann', true)
    assert.ok(equalSets(setOf(after, 'ann'), ownable(toFieldSet(schema, configuration))))
    const [there, wanted] = [leaves(after), leaves(kept(configuration))]
    for (const [path, value] of leaves(configuration))
      if (!isContainer(value)) assert.equal(there.get(path), wanted.get(path), path)
  }))

/** Nor is that of interest which is always printed, and then says nothing. */
const isContainer = (json: string | undefined): boolean =>
  json === undefined || json.startsWith('{') || json === 'null' || json === '""'

test('a conflict is about exactly what others own and want otherwise; force takes it from them', () =>
  fuzz(300, fc.tuple(fullLive, fullDeployments), ([before, configuration]) => {
    const [applied, current] = [ownable(toFieldSet(schema, configuration)), before]
    const expected = new Set<string>()
    if (current)
      for (const path of withAncestors(applied)) {
        const [mine, theirs] = [at(configuration, path), at(current, path)]
        if (Array.isArray(mine) && Array.isArray(theirs) && !isLeafOf(applied, path)) continue
        if (equalJson(mine, theirs) || (isObject(mine) && isObject(theirs) && !isAtomic(path))) continue
        for (const { manager, operation, set, apiVersion } of decodeManagers(current.metadata.managedFields).values()) {
          if (manager === 'ann' && operation === 'Apply') continue
          if (![...pathsOf(set)].some((owned) => printPath(owned) === printPath(path))) continue
          const who = `conflict with "${manager}"${operation === 'Update' ? ` using ${apiVersion}` : ''}`
          expected.add(`${who} ${printPath(path)}`)
        }
      }
    const conflicts = conflictsOf(current, configuration, 'ann')
    assert.deepEqual(conflicts ?? [], [...expected].sort())
    const forced = apply(current, configuration, 'ann', true)
    for (const conflict of expected) {
      const path = conflict.slice(conflict.indexOf(' .') + 1)
      const owners = [...decodeManagers(forced.metadata.managedFields).values()].filter(({ set }) =>
        [...pathsOf(set)].some((owned) => printPath(owned) === path),
      )
      const isApplied = [...pathsOf(applied)].some((member) => printPath(member) === path)
      const names = owners.map(({ manager, operation }) => `${manager} ${operation}`)
      assert.deepEqual(names, isApplied ? ['ann Apply'] : [], path)
    }
  }))

/** The members of a set and all that is above them: one may own a map that has become empty, and is brought back. */
function* withAncestors(set: FieldSet): Generator<readonly string[]> {
  const seen = new Set<string>()
  for (const member of pathsOf(set))
    for (let length = 1; length <= member.length; length++) {
      const path = member.slice(0, length)
      const text = path.join()
      if (!seen.has(text)) yield path
      seen.add(text)
    }
}

/** Whether a path is a member with nothing below it. */
const isLeafOf = (set: FieldSet, path: readonly string[]): boolean => {
  const node = path.reduce<FieldSet | undefined>((above, step) => above?.[step], set)
  return node !== undefined && isLeaf(node)
}

/** Maps that are owned as a whole. */
const isAtomic = (path: readonly string[]): boolean => ['f:nodeSelector', 'f:selector'].includes(path.at(-1) ?? '')

const isObject = (value: unknown): boolean => typeof value === 'object' && value !== null && !Array.isArray(value)

test('what is applied no more goes, unless somebody else owns it', () =>
  fuzz(200, fc.tuple(live, deployments, deployments), ([before, first, second]) => {
    const had = apply(before, first, 'ann', true)
    const has = apply(had, second, 'ann', true)
    const dropped = difference(setOf(had, 'ann'), setOf(has, 'ann'))
    const others = ownedBy(has, 'ann Apply')
    const heldByOthers = new Set([...pathsOf(others)].map(printPath))
    const now = leaves(has)
    for (const path of pathsOf(dropped)) {
      const name = printPath(path)
      const value = at(had, path)
      if (heldByOthers.has(name)) assert.ok(now.has(name) || isObject(value), `${name} is gone`)
      else if (!isObject(value) && !Array.isArray(value))
        assert.ok(isContainer(now.get(name)), `${name} is still there`)
    }
    // What was not ann's has stayed.
    const mine = new Set([...pathsOf(union(setOf(had, 'ann'), setOf(has, 'ann')))].map(printPath))
    for (const [name, value] of leaves(had))
      if (heldByOthers.has(name) && !mine.has(name) && !isContainer(value)) assert.equal(now.get(name), value, name)
  }))

test('two who apply the same, or nothing in common, come to the same in either order', () =>
  fuzz(200, fc.tuple(fullDeployments, fullDeployments), ([a, b]) => {
    const first = apply(undefined, a, 'ann')
    if (conflictsOf(first, b, 'bob')) {
      assert.ok(conflictsOf(apply(undefined, b, 'bob'), a, 'ann'))
      return
    }
    const [ab, ba] = [apply(first, b, 'bob'), apply(apply(undefined, b, 'bob'), a, 'ann')]
    assert.deepEqual(withoutTimes(ab), withoutTimes(ba))
    assert.deepEqual(inAnyOrder(withoutManagers(ab)), inAnyOrder(withoutManagers(ba)))
  }))

/** An apply that changes nothing has no time. */
const withoutTimes = ({ metadata }: KubeObject): object[] =>
  (metadata.managedFields ?? [])
    .map((entry) => ({ ...entry, time: '' }))
    .sort((x, y) => ((x.manager ?? '') < (y.manager ?? '') ? -1 : 1))

/** Merged lists keep the order of who came first. */
function inAnyOrder(value: unknown): unknown {
  if (Array.isArray(value))
    return value.map(inAnyOrder).sort((x, y) => (JSON.stringify(x) < JSON.stringify(y) ? -1 : 1))
  if (!isObject(value)) return value
  const entries = Object.entries(value as object).map(([key, of]) => [key, inAnyOrder(of)] as const)
  return Object.fromEntries(entries.sort(([x], [y]) => (x < y ? -1 : 1)))
}

test('an update owns what it changes, and nobody else does; one that changes nothing changes no owner', () =>
  fuzz(200, fc.tuple(fullLive, fullDeployments), ([before, next]) => {
    if (!before?.metadata.managedFields) return
    assert.deepEqual(
      update(before, withoutManagers(before), 'new').metadata.managedFields,
      before.metadata.managedFields,
    )
    const after = update(before, next, 'new')
    const [was, is] = [leaves(before), leaves(after)]
    const mine = new Set([...pathsOf(setOf(after, 'new', 'Update'))].map(printPath))
    const others = new Set([...pathsOf(ownedBy(after, 'new Update'))].map(printPath))
    for (const [path, value] of is) {
      if (isContainer(value)) continue
      assert.equal(mine.has(path), was.get(path) !== value, path)
      if (was.get(path) !== value) assert.ok(!others.has(path), path)
    }
    for (const [path, value] of was)
      if (!is.has(path) && !isContainer(value)) assert.ok(!mine.has(path) && !others.has(path), path)
  }))

test('managedFields are read again as they were written, from any order', () =>
  fuzz(300, live, (object) => {
    const entries = object?.metadata.managedFields
    assert.deepEqual(encodeManagers(decodeManagers(entries)), entries)
    for (const { fieldsV1 } of entries ?? []) {
      assert.ok(equalSets(parseFieldSet(reversed(fieldsV1)), parseFieldSet(fieldsV1)))
      assert.ok(!isLeaf(parseFieldSet(fieldsV1)))
    }
  }))

function reversed(value: unknown): unknown {
  if (!isObject(value)) return value
  return Object.fromEntries(
    Object.entries(value as object)
      .map(([key, of]) => [key, reversed(of)])
      .reverse(),
  )
}

test('an item that stands twice in a list is refused', () =>
  fuzz(200, deployments, (deployment) => {
    const twice = structuredClone(deployment) as { metadata?: { finalizers?: string[] } }
    const finalizers = twice.metadata?.finalizers
    const [again] = finalizers ?? []
    if (!finalizers || again === undefined) return
    finalizers.push(again)
    assert.throws(
      () => apply(undefined, twice, 'ann'),
      (error: unknown) =>
        error instanceof StatusError &&
        error.message.endsWith(`.metadata.finalizers: duplicate entries for key [="${again}"]`),
    )
  }))

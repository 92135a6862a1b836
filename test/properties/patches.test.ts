import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { schemaFor } from '../../src/api/schema-for.ts'
import { applyJsonPatch } from '../../src/apimachinery/patch/json-patch.ts'
import type { JsonPatchOperation } from '../../src/apimachinery/patch/json-patch.ts'
import { PatchError } from '../../src/apimachinery/patch/errors.ts'
import { applyMergePatch } from '../../src/apimachinery/patch/merge-patch.ts'
import { applyStrategicPatch } from '../../src/apimachinery/patch/strategic/merge.ts'
import { fuzz } from '../fuzz/runs.ts'
import { deployments } from './deployments.ts'
import { mergePatchOf, strategicPatchOf } from './patch-of.ts'

type Json = null | boolean | number | string | Json[] | { [key: string]: Json }
type JsonObject = { [key: string]: Json }

const key = fc.constantFrom('a', 'b', '', '~', '/', 'a/b', '~1', '0', '-', 'constructor', 'é')
const { value } = fc.letrec<{ value: Json; list: Json[]; object: JsonObject }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom<Json>(null, true, false, 0, 1, -2, 'a', 'b', ''),
    tie('list'),
    tie('object'),
  ),
  list: fc.array(tie('value'), { maxLength: 4 }),
  object: fc.dictionary(key, tie('value'), { maxKeys: 4, noNullPrototype: true }),
}))
const object = fc.dictionary(key, value, { maxKeys: 5, noNullPrototype: true })

const copy = <T>(json: T): T => structuredClone(json)
const isObject = (json: unknown): json is JsonObject =>
  typeof json === 'object' && json !== null && !Array.isArray(json)
const pointerTo = (path: readonly string[]): string =>
  path.map((step) => `/${step.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')

/** Every place in a document, with what is there. */
function* places(json: Json, path: readonly string[] = []): Generator<readonly [readonly string[], Json]> {
  if (path.length > 0) yield [path, json]
  if (Array.isArray(json)) for (const [at, item] of json.entries()) yield* places(item, [...path, `${at}`])
  else if (isObject(json)) for (const name of Object.keys(json)) yield* places(json[name] ?? null, [...path, name])
}

test('a JSON pointer leads to its place, whatever the names on the way', () =>
  fuzz(300, object, (document) => {
    for (const [path, there] of places(document)) {
      const at = pointerTo(path)
      assert.deepEqual(applyJsonPatch(copy(document), [{ op: 'test', path: at, value: there }]), document)
      const wrong = applyJsonPatch.bind(undefined, copy(document), [{ op: 'test', path: at, value: [there] }])
      assert.throws(wrong, PatchError, at)
      const marked = applyJsonPatch(copy(document), [{ op: 'replace', path: at, value: 'marked' }])
      assert.equal(new Map([...places(marked as Json)].map(([p, v]) => [pointerTo(p), v])).get(at), 'marked')
    }
  }))

/** What makes `to` out of `from`, one operation for each difference. */
function* differences(from: Json, to: Json, path: readonly string[] = []): Generator<JsonPatchOperation> {
  if (Array.isArray(from) && Array.isArray(to)) {
    const shared = Math.min(from.length, to.length)
    for (let at = 0; at < shared; at++) yield* differences(from[at] ?? null, to[at] ?? null, [...path, `${at}`])
    for (let at = from.length - 1; at >= shared; at--) yield { op: 'remove', path: pointerTo([...path, `${at}`]) }
    for (const item of to.slice(shared)) yield { op: 'add', path: pointerTo([...path, '-']), value: item }
  } else if (isObject(from) && isObject(to)) {
    for (const name of Object.keys(from))
      if (!Object.hasOwn(to, name)) yield { op: 'remove', path: pointerTo([...path, name]) }
      else yield* differences(from[name] ?? null, to[name] ?? null, [...path, name])
    for (const name of Object.keys(to))
      if (!Object.hasOwn(from, name)) yield { op: 'add', path: pointerTo([...path, name]), value: to[name] }
  } else if (JSON.stringify(from) !== JSON.stringify(to)) yield { op: 'replace', path: pointerTo(path), value: to }
}

test('a JSON patch of the differences of two objects makes the one out of the other', () =>
  fuzz(1000, fc.tuple(object, object), ([from, to]) => {
    const operations = [...differences(from, to)]
    assert.deepEqual(applyJsonPatch(copy(from), copy(operations)), to)
    const back = [...differences(to, from)]
    assert.deepEqual(applyJsonPatch(copy(from), [...copy(operations), ...copy(back)]), from)
  }))

test('moving is removing and adding; copying is adding', () =>
  fuzz(500, object, (document) => {
    for (const [path, there] of places(document)) {
      const from = pointerTo(path)
      const moved = applyJsonPatch(copy(document), [{ op: 'move', from, path: '/moved' }])
      const [remove, add] = [
        { op: 'remove', path: from },
        { op: 'add', path: '/moved', value: copy(there) },
      ]
      assert.deepEqual(moved, applyJsonPatch(copy(document), [remove, add]))
      const copied = applyJsonPatch(copy(document), [{ op: 'copy', from, path: '/moved' }])
      assert.deepEqual(copied, applyJsonPatch(copy(document), [add]))
    }
  }))

/** RFC 7386, section 2, word for word. */
function mergePatch(target: Json | undefined, patch: Json): Json {
  if (!isObject(patch)) return patch
  const result = isObject(target) ? { ...target } : {}
  for (const name of Object.keys(patch)) {
    const change = patch[name] ?? null
    if (change === null) delete result[name]
    else result[name] = mergePatch(result[name], change)
  }
  return result
}

/** The same without nulls in lists, with which upstream does as it likes. */
const withoutNulls = (json: Json): Json =>
  Array.isArray(json)
    ? json.filter((item) => item !== null).map(withoutNulls)
    : isObject(json)
      ? Object.fromEntries(Object.entries(json).flatMap(([k, v]) => (v === null ? [] : [[k, withoutNulls(v)]])))
      : json

/** A patch has nulls, but none in lists. */
const patchOnly = (json: Json): Json =>
  Array.isArray(json)
    ? withoutNulls(json)
    : isObject(json)
      ? Object.fromEntries(Object.entries(json).map(([k, v]) => [k, patchOnly(v)]))
      : json

test('a merge patch is as RFC 7386 has it', () =>
  fuzz(1500, fc.tuple(object, object), ([document, patch]) => {
    const sent = patchOnly(patch) as JsonObject
    assert.deepEqual(applyMergePatch(copy(document), copy(sent)), mergePatch(document, sent))
  }))

test('a merge patch of two objects makes the one out of the other, and twice is once', () =>
  fuzz(1000, fc.tuple(object, object), ([a, b]) => {
    const [from, to] = [withoutNulls(a) as JsonObject, withoutNulls(b) as JsonObject]
    const patch = mergePatchOf(from, to)
    const once = applyMergePatch(copy(from), copy(patch))
    assert.deepEqual(once, to)
    assert.deepEqual(applyMergePatch(copy(once), copy(patch)), to)
  }))

const schema = schemaFor('io.k8s.api.apps.v1.Deployment')

test('a strategic merge patch of two objects makes the one out of the other, in order', () =>
  fuzz(400, fc.tuple(deployments, deployments), ([from, to]) => {
    const patch = strategicPatchOf(schema, from, to)
    assert.deepEqual(applyStrategicPatch(schema, copy(from), copy(patch)), to, JSON.stringify(patch))
  }))

test('a strategic merge patch of an object to itself is nothing, and nothing changes nothing', () =>
  fuzz(200, deployments, (deployment) => {
    assert.deepEqual(strategicPatchOf(schema, deployment, deployment), {})
    assert.deepEqual(applyStrategicPatch(schema, copy(deployment), {}), deployment)
    // What it has as a patch is already there.
    assert.deepEqual(applyStrategicPatch(schema, copy(deployment), copy(deployment)), deployment)
  }))

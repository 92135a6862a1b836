import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import {
  difference,
  equalSets,
  hasPath,
  intersection,
  parseFieldSet,
  pathsOf,
  recursiveDifference,
  setOfPaths,
  sortedSet,
  union,
} from './field-set.ts'
import { compareElements, keyElement, printPath, valueElement } from './path-element.ts'

const element = fc.constantFrom('f:a', 'f:b', 'k:{"name":"x"}', 'v:"s"', 'v:1', 'i:0')
const path = fc.array(element, { minLength: 1, maxLength: 4 })
const paths = fc.array(path, { maxLength: 8 })
const texts = (set: ReturnType<typeof setOfPaths>): Set<string> => new Set([...pathsOf(set)].map((p) => p.join('/')))

test('path elements: print, order, escape', () => {
  assert.equal(
    printPath([
      'f:spec',
      'f:containers',
      keyElement([['name', 'a"b']]),
      'f:ports',
      'k:{"containerPort":80,"protocol":"TCP"}',
      'v:"x"',
      'i:3',
    ]),
    '.spec.containers[name="a\\"b"].ports[containerPort=80,protocol="TCP"][="x"][3]',
  )
  assert.equal(valueElement('a<b'), 'v:"a\\u003cb"')
  const sorted = ['i:1', 'v:"b"', 'v:10', 'v:9', 'k:{"port":8080}', 'k:{"port":443}', 'f:b', 'f:a'].sort(
    compareElements,
  )
  assert.deepEqual(sorted, ['f:a', 'f:b', 'k:{"port":443}', 'k:{"port":8080}', 'v:9', 'v:10', 'v:"b"', 'i:1'])
})

test('FieldsV1 that a client sends: canonical, unknown elements dropped, malformed ones refused', () => {
  assert.deepEqual(parseFieldSet({ 'k:{"b": 1, "a":"x"}': { '.': {}, 'f:c': {} }, 'z:what': {} }), {
    'k:{"a":"x","b":1}': { '.': {}, 'f:c': {} },
  })
  for (const key of ['x', 'fspec', 'k:{', 'i:x'])
    assert.throws(() => parseFieldSet({ [key]: {} }), { name: 'ParseError' })
  assert.throws(() => parseFieldSet(JSON.parse('{"__proto__":{}}')), { name: 'ParseError' })
})

test('a member with something below has a dot', () => {
  const set = setOfPaths([['f:a'], ['f:a', 'f:b'], ['f:c', 'f:d']])
  assert.deepEqual(set, { 'f:a': { '.': {}, 'f:b': {} }, 'f:c': { 'f:d': {} } })
  assert.deepEqual([...pathsOf(set)], [['f:a'], ['f:a', 'f:b'], ['f:c', 'f:d']])
  assert.equal(hasPath(set, ['f:c']), false)
})

test('recursiveDifference takes what is below, difference does not', () => {
  const set = setOfPaths([['f:a'], ['f:a', 'f:b'], ['f:c']])
  assert.deepEqual(difference(set, setOfPaths([['f:a']])), { 'f:a': { 'f:b': {} }, 'f:c': {} })
  assert.deepEqual(recursiveDifference(set, setOfPaths([['f:a']])), { 'f:c': {} })
})

test('property: sets of paths are sets', () => {
  fc.assert(
    fc.property(paths, paths, (left, right) => {
      const [a, b] = [setOfPaths(left), setOfPaths(right)]
      const [x, y] = [texts(a), texts(b)]
      assert.deepEqual(x, new Set(left.map((p) => p.join('/'))))
      assert.deepEqual(texts(union(a, b)), x.union(y))
      assert.deepEqual(texts(intersection(a, b)), x.intersection(y))
      assert.deepEqual(texts(difference(a, b)), x.difference(y))
      const below = [...x].filter((p) => ![...y].some((q) => p === q || p.startsWith(`${q}/`)))
      assert.deepEqual(texts(recursiveDifference(a, b)), new Set(below))
    }),
    { numRuns: 400 },
  )
})

test('property: sorting changes the order only, parsing nothing', () => {
  fc.assert(
    fc.property(paths, (list) => {
      const set = setOfPaths(list)
      const sorted = sortedSet(set)
      assert.ok(equalSets(sorted, set))
      assert.equal(sortedSet(sorted), sorted)
      assert.deepEqual(parseFieldSet(JSON.parse(JSON.stringify(sorted))), sorted)
    }),
    { numRuns: 200 },
  )
})

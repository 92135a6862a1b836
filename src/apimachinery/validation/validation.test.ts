import assert from 'node:assert/strict'
import test from 'node:test'
import * as names from './names.ts'
import { validateObjectMeta, validateObjectMetaUpdate } from './meta.ts'

const x = (length: number): string => 'x'.repeat(length)

test('formats: good and bad values', () => {
  const cases: [(value: string) => string[], string[], string[]][] = [
    [names.isDns1123Label, ['a', '0', 'a-1', x(63)], ['', 'A', '-a', 'a-', 'a.b', 'a_b', x(64), 'ü']],
    [names.isDns1123Subdomain, ['a', '1.2.3', 'a-b.c', x(253)], ['', 'a..b', '.a', 'a.', 'A.b', x(254)]],
    [names.isDns1035Label, ['a', 'a1', 'a-b'], ['1a', '', '-a', 'A', x(64)]],
    [names.isQualifiedName, ['a', 'A_b.c', 'example.com/a', x(63)], ['', '/a', 'a/', 'a/b/c', '-a', x(64), 'A.com/b']],
    [names.isLabelValue, ['', 'A', '1_2.3-4'], ['-', 'a b', 'a/b', x(64)]],
    [names.isEnvVarName, ['A', '_a.b-c'], ['1a', 'a=b', '..', '.', '..a', '']],
    [names.isRelaxedEnvVarName, ['1 a!', '..'], ['', 'a=b', 'ü', '\n']],
    [names.isConfigMapKey, ['a.b', '__proto__', '..a'.slice(1)], ['.', '..', '..a', 'a/b', '', x(254)]],
    [names.isPortName, ['http', 'h2c', 'a-1'], ['', '80', 'a--b', '-a', 'A', x(16)]],
    [names.isWildcardDns1123Subdomain, ['*.example.com'], ['*', '*.*.a', 'example.com']],
    [names.isPathSegmentName, ['a:b', 'A B'], ['.', '..', 'a/b', 'a%b']],
  ]
  for (const [check, good, bad] of cases) {
    for (const value of good) assert.deepEqual(check(value), [], `${check.name}(${value})`)
    for (const value of bad) assert.notDeepEqual(check(value), [], `${check.name}(${value})`)
  }
})

test('messages are upstream’s', () => {
  assert.deepEqual(names.isDns1123Label('a.b'), ['must not contain dots'])
  assert.deepEqual(names.isDns1123Label('A'), [
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')",
  ])
  assert.deepEqual(names.isDns1035Label(x(64)), ['must be no more than 63 characters'])
  assert.deepEqual(names.isLabelValue(x(64)), ['must be no more than 63 bytes'])
  assert.deepEqual(names.isPortNumber(0), ['must be between 1 and 65535, inclusive'])
})

test('limits count bytes, and a huge value is refused at once', () => {
  assert.equal(names.byteLength('aé€😀'), 10)
  assert.deepEqual(names.isDns1123Subdomain('a'.repeat(5_000_000)), ['must be no more than 253 characters'])
})

test('a generateName may end in a dash', () => {
  assert.deepEqual(names.nameIsDnsSubdomain('web-', true), [])
  assert.equal(names.nameIsDnsSubdomain('web-', false).length, 1)
  assert.deepEqual(names.nameIsPathSegment('.', true), [])
})

const rules = { namespaced: true, name: names.nameIsDnsSubdomain }
const problems = (errors: { field: string; message: string }[]): string[] =>
  errors.map((e) => `${e.field}: ${e.message}`)

test('metadata on creation', () => {
  assert.deepEqual(validateObjectMeta({ name: 'a', namespace: 'b' }, rules), [])
  assert.deepEqual(problems(validateObjectMeta({ generation: -1 }, rules)), [
    'metadata.name: Required value: name or generateName is required',
    'metadata.namespace: Required value',
    'metadata.generation: Invalid value: -1: must be greater than or equal to 0',
  ])
  const bad = {
    name: 'a',
    namespace: 'b',
    labels: { 'a/b/c': '!' },
    annotations: { 'UPPER.example.com/Ok': 'x'.repeat(256 * 1024) },
    ownerReferences: [
      { apiVersion: 'v1', kind: 'Pod', name: 'p', uid: '1', controller: true },
      { apiVersion: 'a/b/c', kind: 'Event', name: '', uid: '2', controller: true },
      { apiVersion: 'v1', kind: 'Event', name: 'e', uid: '3' },
    ],
    finalizers: ['orphan', 'foregroundDeletion', ''],
    managedFields: [{ operation: 'Other' as 'Apply', fieldsType: 'FieldsV2' as 'FieldsV1', manager: '\n' }],
  }
  assert.deepEqual(
    validateObjectMeta(bad, rules).map((e) => e.field),
    [
      'metadata.labels',
      'metadata.labels',
      'metadata.annotations',
      'metadata.ownerReferences.apiVersion',
      'metadata.ownerReferences.name',
      'metadata.ownerReferences',
      'metadata.ownerReferences',
      'metadata.finalizers',
      'metadata.finalizers',
      'metadata.finalizers',
      'metadata.managedFields[0].operation',
      'metadata.managedFields[0].fieldsType',
      'metadata.managedFields[0].manager',
    ],
  )
  assert.deepEqual(problems(validateObjectMeta({ name: 'a', namespace: 'b' }, { ...rules, namespaced: false })), [
    'metadata.namespace: Forbidden: not allowed on this type',
  ])
})

test('metadata on update', () => {
  const old = { name: 'a', namespace: 'b', uid: 'u', resourceVersion: '1', generation: 2, finalizers: ['x'] }
  assert.deepEqual(validateObjectMetaUpdate(old, old), [])
  assert.deepEqual(problems(validateObjectMetaUpdate({ ...old, resourceVersion: '', uid: 'v', generation: 1 }, old)), [
    'metadata.resourceVersion: Invalid value: "": must be specified for an update',
    'metadata.generation: Invalid value: 1: must not be decremented',
    'metadata.uid: Invalid value: "v": field is immutable',
  ])
  const deleted = { ...old, deletionTimestamp: '2026-01-01T00:00:00Z' }
  assert.deepEqual(problems(validateObjectMetaUpdate({ ...deleted, finalizers: ['x', 'y'] }, deleted)), [
    'metadata.finalizers: Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers []string{"y"}',
  ])
})

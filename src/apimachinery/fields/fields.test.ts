import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { demandedField, escapeFieldValue, formatFieldSelector, parseFieldSelector, selectsFields } from './selector.ts'

test('parses terms, sorted, with escapes', () => {
  assert.deepEqual(parseFieldSelector('x=a,y==b,z!=c,,e=\\,\\=\\\\'), [
    { field: 'e', operator: '=', value: ',=\\' },
    { field: 'x', operator: '=', value: 'a' },
    { field: 'y', operator: '=', value: 'b' },
    { field: 'z', operator: '!=', value: 'c' },
  ])
  assert.deepEqual(parseFieldSelector(''), [])
  assert.deepEqual(parseFieldSelector('spec.nodeName='), [{ field: 'spec.nodeName', operator: '=', value: '' }])
})

test('refuses bad terms in upstream’s words', () => {
  const cases: [string, string][] = [
    ['a=b,c', "invalid selector: 'a=b,c'; can't understand 'c'"],
    ['a=b=c', 'invalid field selector: unescaped character in value: 61'],
    ['a=\\x', 'invalid field selector: invalid escape sequence: \\x'],
    ['a=b\\', 'invalid field selector: invalid escape sequence: \\'],
  ]
  for (const [text, message] of cases)
    assert.throws(() => parseFieldSelector(text), { name: 'ParseError', message }, text)
})

test('selects by field values', () => {
  const fields: Record<string, string> = { 'metadata.name': 'web' }
  const valueOf = (field: string): string => fields[field] ?? ''
  assert.equal(selectsFields(parseFieldSelector('metadata.name=web,spec.nodeName='), valueOf), true)
  assert.equal(selectsFields(parseFieldSelector('metadata.name!=web'), valueOf), false)
  assert.equal(demandedField(parseFieldSelector('metadata.name=web'), 'metadata.name'), 'web')
  assert.equal(demandedField(parseFieldSelector('metadata.name!=web'), 'metadata.name'), undefined)
})

test('property: any value survives escaping', () => {
  fc.assert(
    fc.property(fc.string(), (value) => {
      const selector = parseFieldSelector(`f=${escapeFieldValue(value)}`)
      assert.deepEqual(selector, [{ field: 'f', operator: '=', value }])
      assert.deepEqual(parseFieldSelector(formatFieldSelector(selector)), selector)
    }),
    { numRuns: 300 },
  )
})

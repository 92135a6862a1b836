import assert from 'node:assert/strict'
import test from 'node:test'
import { intValue, parseIntOrString, scaledValue } from './intstr.ts'

test('scales percentages, up or down', () => {
  assert.equal(scaledValue(3, 10, 'up'), 3)
  assert.equal(scaledValue('25%', 10, 'up'), 3)
  assert.equal(scaledValue('25%', 10, 'down'), 2)
  assert.equal(scaledValue('100%', 7, 'down'), 7)
})

test('refuses other strings in upstream’s words', () => {
  assert.throws(() => scaledValue('5', 10, 'up'), {
    message: 'invalid value for IntOrString: invalid type: string is not a percentage',
  })
  assert.throws(() => scaledValue('a%', 10, 'up'), {
    message: 'invalid value for IntOrString: invalid value "a%": strconv.Atoi: parsing "a": invalid syntax',
  })
})

test('numbers spelled as strings', () => {
  assert.equal(parseIntOrString('80'), 80)
  assert.equal(parseIntOrString('http'), 'http')
  assert.equal(parseIntOrString('3000000000'), '3000000000')
  assert.equal(intValue('80'), 80)
  assert.equal(intValue('http'), 0)
})

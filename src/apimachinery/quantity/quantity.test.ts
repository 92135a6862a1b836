import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import {
  addQuantity,
  compareQuantity,
  formatQuantity,
  milliQuantityOf,
  milliValueOf,
  parseQuantity,
  quantityOf,
  subtractQuantity,
  valueOf,
} from './quantity.ts'
import { canonicalQuantity, isQuantity, quantityMilliValue, quantityValue } from './text.ts'

test('prints canonically', () => {
  const cases: [string, string][] = [
    ['0', '0'],
    ['0Gi', '0'],
    ['100m', '100m'],
    ['0.1', '100m'],
    ['1.5', '1500m'],
    ['1000', '1k'],
    ['1000m', '1'],
    ['1Gi', '1Gi'],
    ['1024Mi', '1Gi'],
    ['1.5Gi', '1536Mi'],
    ['0.5Ki', '512'],
    ['1023', '1023'],
    ['128974848', '128974848'],
    ['129e6', '129e6'],
    ['129M', '129M'],
    ['123Mi', '123Mi'],
    ['0.1n', '1n'],
    ['-1.00000000001', '-1000000001n'],
    ['1E', '1E'],
    ['1000E', '1000E'],
    ['9Ei', '9223372036854775807'],
    ['1e-9', '1e-9'],
    ['.5', '500m'],
    ['5.', '5.'],
  ]
  for (const [text, want] of cases) assert.equal(canonicalQuantity(text), want, text)
})

test('keeps what upstream keeps as written', () => {
  for (const text of ['1.500', '+5', '1E3', '12Gi', '1500m']) assert.equal(canonicalQuantity(text), text)
})

test('refuses what is no quantity', () => {
  const cases: [string, RegExp][] = [
    ['', /must match the regular expression/],
    ['1 Gi', /must match the regular expression/],
    ['1.2.3', /must match the regular expression/],
    ['abc', /must match the regular expression/],
    ['1Kii', /unable to parse quantity's suffix/],
    ['1K', /unable to parse quantity's suffix/],
    ['1e', /unable to parse quantity's suffix/],
    ['e-20', /unable to parse numeric part/],
  ]
  for (const [text, message] of cases) {
    assert.throws(() => parseQuantity(text), { name: 'ParseError', message }, text)
    assert.equal(isQuantity(text), false)
  }
})

test('bounded: long digits and huge exponents cost nothing', () => {
  assert.throws(() => parseQuantity('9'.repeat(2000)), { name: 'ParseError' })
  assert.throws(() => parseQuantity('1e999999999'), { name: 'ParseError' })
  assert.equal(canonicalQuantity('1e-999999999'), '1e-9')
  assert.equal(canonicalQuantity('0e999999999'), '0')
})

test('values round away from zero', () => {
  assert.equal(quantityMilliValue('0.1m'), 1)
  assert.equal(quantityMilliValue('2'), 2000)
  assert.equal(quantityValue('1500m'), 2)
  assert.equal(quantityValue('1Gi'), 1024 ** 3)
  assert.equal(quantityValue(undefined), 0)
  assert.equal(valueOf(parseQuantity('-1500m')), -2)
})

test('arithmetic keeps the format of the first, unless it is zero', () => {
  const add = (a: string, b: string): string => formatQuantity(addQuantity(parseQuantity(a), parseQuantity(b)))
  assert.equal(add('1Gi', '1M'), '1074741824')
  assert.equal(add('0', '1Gi'), '1Gi')
  assert.equal(add('100m', '900m'), '1')
  assert.equal(formatQuantity(subtractQuantity(parseQuantity('1'), parseQuantity('100m'))), '900m')
  assert.equal(formatQuantity(quantityOf(2 ** 31, 'BinarySI')), '2Gi')
  assert.equal(formatQuantity(milliQuantityOf(1500)), '1500m')
})

const text = fc
  .tuple(
    fc.constantFrom('', '-'),
    fc.bigInt({ min: 0n, max: 10n ** 12n }),
    fc.option(fc.stringMatching(/^\d{1,6}$/), { nil: undefined }),
    fc.constantFrom('', 'n', 'u', 'm', 'k', 'M', 'G', 'T', 'P', 'E', 'Ki', 'Mi', 'Gi', 'e3', 'e-6', 'E5'),
  )
  .map(([sign, whole, fraction, suffix]) => `${sign}${whole}${fraction === undefined ? '' : `.${fraction}`}${suffix}`)

test('property: the canonical form names the same amount, and prints the same again', () => {
  fc.assert(
    fc.property(text, (written) => {
      const quantity = parseQuantity(written)
      const canonical = formatQuantity({ nanos: quantity.nanos, format: quantity.format })
      const again = parseQuantity(canonical)
      assert.equal(again.nanos, quantity.nanos)
      assert.equal(formatQuantity({ nanos: again.nanos, format: quantity.format }), canonical)
    }),
    { numRuns: 500 },
  )
})

test('property: order and sums agree', () => {
  fc.assert(
    fc.property(text, text, (first, second) => {
      const [a, b] = [parseQuantity(first), parseQuantity(second)]
      assert.equal(compareQuantity(addQuantity(a, b), addQuantity(b, a)), 0)
      assert.equal(compareQuantity(subtractQuantity(addQuantity(a, b), b), a), 0)
      assert.equal(compareQuantity(a, b) + compareQuantity(b, a), 0)
      if (compareQuantity(a, b) <= 0) assert.ok(milliValueOf(a) <= milliValueOf(b))
    }),
    { numRuns: 300 },
  )
})

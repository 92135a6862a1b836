import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import test from 'node:test'
import fc from 'fast-check'
import {
  addQuantity,
  compareQuantity,
  formatQuantity,
  milliValueOf,
  parseQuantity,
  subtractQuantity,
  valueOf,
} from '../../src/apimachinery/quantity/quantity.ts'
import { fuzz } from '../fuzz/runs.ts'

interface Facts {
  readonly canonical: readonly (readonly [string, string, string, string, string, number])[]
  readonly values: readonly (readonly [string, number, number])[]
  readonly refused: readonly (readonly [string, string])[]
}
const facts = JSON.parse(readFileSync(new URL('facts/quantities.json', import.meta.url), 'utf8')) as Facts

test('quantities print, add, subtract and compare as the Go library does', () => {
  for (const [text, canonical, other, sum, difference, order] of facts.canonical) {
    const [a, b] = [parseQuantity(text), parseQuantity(other)]
    assert.equal(formatQuantity(a), canonical, text)
    assert.equal(formatQuantity(addQuantity(a, b)), sum, `${text} + ${other}`)
    assert.equal(formatQuantity(subtractQuantity(a, b)), difference, `${text} - ${other}`)
    assert.equal(compareQuantity(a, b), order, `${text} <=> ${other}`)
  }
  for (const [text, value, milliValue] of facts.values) {
    assert.equal(valueOf(parseQuantity(text)), value, text)
    assert.equal(milliValueOf(parseQuantity(text)), milliValue, text)
  }
  for (const [text, message] of facts.refused) assert.throws(() => parseQuantity(text), { message }, text)
})

/** A fraction; the denominator is positive. */
type Fraction = readonly [numerator: bigint, denominator: bigint]

const power = (base: bigint, exponent: number): Fraction =>
  exponent >= 0 ? [base ** BigInt(exponent), 1n] : [1n, base ** BigInt(-exponent)]
const times = ([a, b]: Fraction, [c, d]: Fraction): Fraction => [a * c, b * d]

const DECIMAL: Readonly<Record<string, number>> = {
  n: -9,
  u: -6,
  m: -3,
  '': 0,
  k: 3,
  M: 6,
  G: 9,
  T: 12,
  P: 15,
  E: 18,
}
const BINARY: Readonly<Record<string, number>> = { Ki: 10, Mi: 20, Gi: 30, Ti: 40, Pi: 50, Ei: 60 }
const MOST = 2n ** 63n - 1n

/** The factor that a suffix stands for. */
function factorOf(suffix: string): Fraction {
  const [decimal, binary] = [DECIMAL[suffix], BINARY[suffix]]
  if (decimal !== undefined) return power(10n, decimal)
  return binary === undefined ? power(10n, Number(suffix.slice(1))) : power(2n, binary)
}

interface Written {
  readonly sign: string
  readonly whole: string
  readonly fraction: string | undefined
  readonly suffix: string
}

const textOf = ({ sign, whole, fraction, suffix }: Written): string =>
  `${sign}${whole}${fraction === undefined ? '' : `.${fraction}`}${suffix}`

/** The amount in billionths: exact, then rounded away from zero; what is written in powers of 1024 ends at int64. */
function modelNanos({ sign, whole, fraction = '', suffix }: Written): bigint {
  const digits: Fraction = [BigInt(`${whole}${fraction}` || '0'), 10n ** BigInt(fraction.length)]
  const [numerator, denominator] = times(times(digits, factorOf(suffix)), [1_000_000_000n, 1n])
  const up = (numerator + denominator - 1n) / denominator
  const held = suffix in BINARY && up > MOST * 1_000_000_000n ? MOST * 1_000_000_000n : up
  return sign === '-' ? -held : held
}

const digits = (min: number, max: number): fc.Arbitrary<string> =>
  fc.string({ unit: fc.constantFrom('0', '0', '0', '1', '2', '4', '5', '8', '9'), minLength: min, maxLength: max })

const suffixes = fc.oneof(
  fc.constantFrom(...Object.keys(DECIMAL), ...Object.keys(BINARY)),
  fc
    .tuple(fc.constantFrom('e', 'E'), fc.constantFrom('', '+', '-'), fc.integer({ min: 0, max: 30 }))
    .map(([e, sign, exponent]) => `${e}${sign}${exponent}`),
)

const written: fc.Arbitrary<Written> = fc.record({
  sign: fc.constantFrom('', '-', '+'),
  whole: fc.oneof(digits(1, 4), digits(1, 30), fc.constantFrom(`${MOST}`, `${MOST + 1n}`, '1024', '1000', '1536')),
  fraction: fc.option(fc.oneof(digits(0, 3), digits(0, 25)), { nil: undefined }),
  suffix: suffixes,
})

test('a text means the exact amount, rounded to billionths away from zero', () =>
  fuzz(1500, written, (w) => assert.equal(parseQuantity(textOf(w)).nanos, modelNanos(w), textOf(w))))

test('the canonical text is the same amount, with the largest suffix that leaves a whole number', () =>
  fuzz(1000, written, (w) => {
    const { nanos, format } = parseQuantity(textOf(w))
    const text = formatQuantity({ nanos, format })
    const again = parseQuantity(text)
    assert.equal(again.nanos, nanos, text)
    const parts = /^-?(\d+)(.*)$/.exec(text)
    assert.ok(parts, text)
    if (nanos === 0n) return assert.equal(text, '0')
    const [, mantissa = '', suffix = ''] = parts
    if (suffix in BINARY) assert.ok(suffix === 'Ei' || BigInt(mantissa) % 1024n !== 0n, text)
    else if (suffix !== 'E' && format !== 'BinarySI') assert.ok(BigInt(mantissa) % 1000n !== 0n, text)
  }))

test('sums, differences and order are those of the exact amounts', () =>
  fuzz(1000, fc.tuple(written, written), ([first, second]) => {
    const [a, b] = [parseQuantity(textOf(first)), parseQuantity(textOf(second))]
    const [x, y] = [modelNanos(first), modelNanos(second)]
    for (const [result, exact] of [
      [addQuantity(a, b), x + y],
      [subtractQuantity(a, b), x - y],
    ] as const) {
      assert.equal(result.nanos, exact)
      assert.equal(parseQuantity(formatQuantity(result)).nanos, within(exact, formatQuantity(result)))
    }
    assert.equal(compareQuantity(a, b), x < y ? -1 : x > y ? 1 : 0)
  }))

/** A sum may pass what can be written in powers of 1024. */
function within(nanos: bigint, text: string): bigint {
  if (!text.endsWith('i')) return nanos
  const most = MOST * 1_000_000_000n
  return nanos > most ? most : nanos < -most ? -most : nanos
}

test('whole units and thousandths are rounded away from zero', () =>
  fuzz(1000, written, (w) => {
    const nanos = modelNanos(w)
    const away = (unit: bigint): number => {
      const magnitude = nanos < 0n ? -nanos : nanos
      const units = (magnitude + unit - 1n) / unit
      return Number(nanos < 0n ? -units : units)
    }
    assert.equal(valueOf(parseQuantity(textOf(w))), away(1_000_000_000n), textOf(w))
    assert.equal(milliValueOf(parseQuantity(textOf(w))), away(1_000_000n), textOf(w))
  }))

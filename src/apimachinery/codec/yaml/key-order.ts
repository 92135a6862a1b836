/** The order in which upstream's library prints keys: numbers within them by value, letters last. */
export function compareKeys(a: string, b: string): number {
  const [x, y] = [Array.from(a), Array.from(b)]
  const at = x.findIndex((char, index) => char !== y[index])
  const [left, right] = [x[at], y[at]]
  if (at < 0 || left === undefined || right === undefined) return x.length - y.length
  const [leftLetter, rightLetter] = [isLetter(left), isLetter(right)]
  if (leftLetter && rightLetter) return byCode(left, right)
  if (leftLetter || rightLetter) return leftLetter ? 1 : -1
  const before = /\d*$/.exec(x.slice(0, at).join(''))?.[0] ?? ''
  const carry = (left === '0' || right === '0') && /[1-9]/.test(before) ? '1' : ''
  const [leftDigits, rightDigits] = [digitsFrom(x, at), digitsFrom(y, at)]
  const difference = BigInt(carry + leftDigits || '0') - BigInt(carry + rightDigits || '0')
  if (difference !== 0n) return difference < 0n ? -1 : 1
  return leftDigits.length - rightDigits.length || byCode(left, right)
}

const isLetter = (char: string): boolean => /\p{L}/u.test(char)
const byCode = (a: string, b: string): number => (a.codePointAt(0) ?? 0) - (b.codePointAt(0) ?? 0)
const digitsFrom = (chars: readonly string[], at: number): string => /^\d*/.exec(chars.slice(at).join(''))?.[0] ?? ''

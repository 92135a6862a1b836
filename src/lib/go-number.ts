/** A number as Go's `%v` prints a float64: the exponent has two digits at least, and small numbers have one sooner. */
export function goFloat(value: number): string {
  const magnitude = Math.abs(value)
  if (value === 0 || (magnitude >= 1e-4 && magnitude < 1e21)) return String(value)
  return value.toExponential().replace(/e([+-])(\d)$/, 'e$10$2')
}

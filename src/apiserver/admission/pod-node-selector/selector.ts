import { goQuote } from '../../../lib/quote.ts'
import { isLabelValue, isQualifiedName } from '../../../apimachinery/validation/names.ts'

type Labels = Readonly<Record<string, string>>

/** `a=b,c=d` as labels. Throws in upstream's words for anything else (ConvertSelectorToLabelsMap). */
export function labelsOfSelector(selector: string): Labels {
  if (selector === '') return {}
  const labels: Record<string, string> = {}
  for (const pair of selector.split(',')) {
    const parts = pair.split('=')
    if (parts.length !== 2) throw new Error(`invalid selector: [${parts.join(' ')}]`)
    const [key = '', value = ''] = parts.map((part) => part.trim())
    // Upstream names no field here.
    demandValid('<nil>', key, isQualifiedName(key))
    demandValid(`[${key}]`, value, isLabelValue(value))
    labels[key] = value
  }
  return labels
}

function demandValid(field: string, value: string, problems: readonly string[]): void {
  if (problems.length > 0) throw new Error(`${field}: Invalid value: ${goQuote(value)}: ${problems.join('; ')}`)
}

/** Whether both have a label with different values. */
export function conflict(a: Labels, b: Labels): boolean {
  return Object.keys(a).some((key) => Object.hasOwn(b, key) && a[key] !== b[key])
}

/** Whether `all` has every label of `some`; an empty list has everything. */
export function isWithin(some: Labels, all: Labels): boolean {
  if (Object.keys(all).length === 0) return true
  return Object.keys(some).every((key) => Object.hasOwn(all, key) && all[key] === some[key])
}

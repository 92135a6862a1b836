/** One place where two answers are not the same. */
export interface Difference {
  /** `0.body.metadata.name`: the step, then the way to the value. */
  readonly at: string
  readonly wanted: unknown
  readonly got: unknown
}

/** Where two values differ; nothing when they are equal. The order of fields does not count. */
export function differences(wanted: unknown, got: unknown, at = ''): Difference[] {
  if (Object.is(wanted, got)) return []
  if (!isObject(wanted) || !isObject(got) || Array.isArray(wanted) !== Array.isArray(got)) return [{ at, wanted, got }]
  const fields = new Set([...Object.keys(wanted), ...Object.keys(got)])
  return [...fields].flatMap((field) => differences(wanted[field], got[field], at === '' ? field : `${at}.${field}`))
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}

/** A difference for people. */
export function describe({ at, wanted, got }: Difference): string {
  return `    ${at}\n      upstream ${show(wanted)}\n      skiff    ${show(got)}`
}

function show(value: unknown): string {
  return value === undefined ? '(nothing)' : JSON.stringify(value).slice(0, 600)
}

/** A step from a value to others. */
type Step = (value: unknown) => readonly unknown[]

/**
 * Compiles the simple JSONPath of printer columns and selectable fields: `.a.b`, `['a.b']`, `[0]`, `[*]` and `[?(@.a=="b")]`.
 * Undefined for anything else.
 */
export function compileJsonPath(path: string): ((object: unknown) => readonly unknown[]) | undefined {
  const steps: Step[] = []
  for (let rest = path.startsWith('$') ? path.slice(1) : path; rest !== '';) {
    const taken = takeStep(rest)
    if (!taken) return undefined
    steps.push(taken.step)
    rest = rest.slice(taken.length)
  }
  return (object) => steps.reduce<readonly unknown[]>((values, step) => values.flatMap(step), [object])
}

interface Taken {
  readonly step: Step
  readonly length: number
}

const FIELD = /^\.((?:\\.|[^.[\]\\\s])+)/
const QUOTED = /^\.?\[\s*(?:'((?:\\.|[^'\\])*)'|"((?:\\.|[^"\\])*)")\s*\]/
const INDEX = /^\.?\[\s*(-?\d+)\s*\]/
const ALL = /^\.?\[\s*\*\s*\]|^\.\*/
const FILTER =
  /^\.?\[\?\(\s*@((?:\.(?:\\.|[^.[\]\\\s=!<>])+|\['[^']*'\])+)\s*(?:(==|!=)\s*(?:'([^']*)'|"([^"]*)"|([\w.+-]+)))?\s*\)\]/

function takeStep(text: string): Taken | undefined {
  const field = FIELD.exec(text) ?? QUOTED.exec(text)
  if (field) return { step: child(unescape(field[1] ?? field[2] ?? '')), length: field[0].length }
  const index = INDEX.exec(text)
  if (index) return { step: element(Number(index[1])), length: index[0].length }
  const all = ALL.exec(text)
  if (all) return { step: elements, length: all[0].length }
  const filter = FILTER.exec(text)
  return filter ? filterStep(filter) : undefined
}

function unescape(text: string): string {
  return text.replaceAll(/\\(.)/g, '$1')
}

function child(name: string): Step {
  return (value) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value) || !Object.hasOwn(value, name)) return []
    return [(value as Record<string, unknown>)[name]]
  }
}

function element(index: number): Step {
  return (value) => {
    const found: unknown = Array.isArray(value) ? value.at(index) : undefined
    return found === undefined ? [] : [found]
  }
}

const elements: Step = (value) => {
  if (Array.isArray(value)) return value as unknown[]
  return typeof value === 'object' && value !== null ? Object.values(value) : []
}

function filterStep(match: RegExpExecArray): Taken | undefined {
  const [whole, path = '', operator, single, double, bare] = match
  const find = compileJsonPath(path)
  if (!find) return undefined
  const wanted = single ?? double ?? bare
  const holds = (item: unknown): boolean => {
    const [found] = find(item)
    if (operator === undefined) return found !== undefined
    const equal = found !== undefined && String(found as string) === wanted
    return operator === '==' ? equal : !equal
  }
  return { step: (value) => (Array.isArray(value) ? value.filter(holds) : []), length: whole.length }
}

/** Words that no identifier may be in CEL. */
const RESERVED = new Set(
  'true false null in as break const continue else for function if import let loop package namespace return var void while'.split(
    ' ',
  ),
)

const ESCAPES: Readonly<Record<string, string>> = {
  __: '__underscores__',
  '.': '__dot__',
  '-': '__dash__',
  '/': '__slash__',
}
const UNESCAPES: Readonly<Record<string, string>> = { underscores: '__', dot: '.', dash: '-', slash: '/' }

/** A property's name as an identifier of CEL; undefined if it cannot be one. */
export function escapeName(name: string): string | undefined {
  if (!/^[A-Za-z_./-][\w./-]*$/.test(name)) return undefined
  if (RESERVED.has(name)) return `__${name}__`
  return name.replace(/__|[./-]/g, (part) => ESCAPES[part] ?? part)
}

/** The property's name that an identifier stands for; undefined if it stands for none. */
export function unescapeName(identifier: string): string | undefined {
  if (!identifier.includes('__')) return identifier
  let valid = true
  const name = identifier.replace(/__[^_]+__/g, (part) => {
    const inner = part.slice(2, -2)
    const plain = Object.hasOwn(UNESCAPES, inner) ? UNESCAPES[inner] : undefined
    if (plain !== undefined) return plain
    if (!RESERVED.has(inner) || part.length !== identifier.length) valid = false
    return inner
  })
  return valid ? name : undefined
}

/** Whether a word is reserved in CEL. */
export function isReserved(word: string): boolean {
  return RESERVED.has(word)
}

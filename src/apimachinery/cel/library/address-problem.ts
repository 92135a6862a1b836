import { goQuote } from '../../../lib/quote.ts'

/** What Go's net/netip says is wrong with an address's text; undefined: only that it has a zone. */
export function addressProblem(text: string): string | undefined {
  const first = /[.:%]/.exec(text)?.[0]
  const problem = first === '.' ? ipv4Problem(text) : first === ':' ? ipv6Problem(text) : neither(first)
  if (problem === undefined) return undefined
  const at = problem.at === undefined ? '' : ` (at ${goQuote(problem.at)})`
  return `ParseAddr(${goQuote(text)}): ${problem.message}${at}`
}

interface Problem {
  readonly message: string
  /** The rest of the text from where it went wrong. */
  readonly at?: string
}

function neither(first: string | undefined): Problem {
  return { message: first === '%' ? 'missing IPv6 address' : 'unable to parse IP' }
}

function ipv4Problem(text: string): Problem | undefined {
  let octet = ''
  let dots = 0
  for (const [i, c] of Array.from(text).entries()) {
    if (/\d/.test(c)) {
      if (octet === '0') return { message: 'IPv4 field has octet with leading zero' }
      octet += c
      if (Number(octet) > 255) return { message: 'IPv4 field has value >255' }
      continue
    }
    const at = text.slice(i)
    if (c !== '.') return { message: 'unexpected character', at }
    if (octet === '' || i === text.length - 1) return { message: 'IPv4 field must have at least one digit', at }
    if (dots === 3) return { message: 'IPv4 address too long' }
    dots++
    octet = ''
  }
  return dots < 3 ? { message: 'IPv4 address too short' } : undefined
}

function ipv6Problem(text: string): Problem | undefined {
  const percent = text.indexOf('%')
  if (percent >= 0 && percent === text.length - 1) return { message: 'zone must be a non-empty string' }
  let rest = percent < 0 ? text : text.slice(0, percent)
  let ellipsis = rest.startsWith('::')
  if (ellipsis) rest = rest.slice(2)
  let groups = 0
  while (groups < 8 && rest !== '') {
    const digits = /^[0-9a-fA-F]*/.exec(rest)?.[0] ?? ''
    if (digits.length > 4) return { message: 'each group must have 4 or less digits', at: rest }
    if (digits === '') return { message: 'each colon-separated field must have at least one digit', at: rest }
    const after = rest.slice(digits.length)
    if (after.startsWith('.')) return embeddedProblem(rest, groups, ellipsis)
    groups++
    if (after === '') {
      rest = ''
      break
    }
    if (!after.startsWith(':')) return { message: 'unexpected character, want colon', at: after }
    if (after === ':') return { message: 'colon must be followed by more characters', at: after }
    rest = after.slice(1)
    if (!rest.startsWith(':')) continue
    if (ellipsis) return { message: 'multiple :: in address', at: rest }
    ellipsis = true
    rest = rest.slice(1)
  }
  if (rest !== '') return { message: 'trailing garbage after address', at: rest }
  if (groups < 8) return ellipsis ? undefined : { message: 'address string too short' }
  return ellipsis ? { message: 'the :: must expand to at least one field of zeros' } : undefined
}

function embeddedProblem(rest: string, groups: number, ellipsis: boolean): Problem | undefined {
  if (!ellipsis && groups !== 6) {
    return { message: 'embedded IPv4 address must replace the final 2 fields of the address', at: rest }
  }
  if (groups > 6) {
    return { message: 'too many hex fields to fit an embedded IPv4 at the end of the address', at: rest }
  }
  return ipv4Problem(rest)
}

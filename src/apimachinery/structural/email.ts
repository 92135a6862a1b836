const ATOM = String.raw`[\p{L}\p{N}\p{M}!#$%&'*+/=?^_\x60{|}~\-\u0080-\u{10ffff}]+`
const DOT_ATOM = `${ATOM}(?:\\.${ATOM})*`
const QUOTED = String.raw`"(?:[^"\\\r\n]|\\.)*"`
const SPECIFICATION = String.raw`(?:${DOT_ATOM}|${QUOTED})@(?:${DOT_ATOM}|\[[^\]\s]*\])`
const PHRASE = String.raw`(?:(?:${ATOM}|${QUOTED}|\.)\s*)*`
const ADDRESS = new RegExp(String.raw`^\s*(?:${SPECIFICATION}|${PHRASE}<\s*${SPECIFICATION}\s*>)\s*$`, 'u')

/** Go's mail.ParseAddress: an address of RFC 5322, with or without a name before it. */
export function isEmailAddress(text: string): boolean {
  // Far longer than any address, and the pattern takes time in proportion.
  return text.length <= 1000 && ADDRESS.test(text)
}

import { parseCidr, parseIp } from '../../lib/ip.ts'
import { isEmailAddress } from './email.ts'

const UUID = /^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$/i
const LABEL = /^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?$/
const HOSTNAME =
  /^(?:[a-zA-Z0-9\p{S}\p{L}](?:(?:-?[a-zA-Z0-9\p{S}\p{L}]{0,62})?)|(?:[a-zA-Z0-9\p{S}\p{L}](?:(?:[a-zA-Z0-9\-\p{S}\p{L}]{0,61}[a-zA-Z0-9\p{S}\p{L}])?)\.)+[a-zA-Z\p{L}]{2,63})$/u
const COLOR_PART = String.raw`\s*(?:0|[1-9]\d?|1\d\d?|2[0-4]\d|25[0-5])\s*`
const RGB_COLOR = new RegExp(String.raw`^rgb\(${COLOR_PART},${COLOR_PART},${COLOR_PART}\)$`)
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{4})$/
const CARD =
  /^(?:4\d{12}(?:\d{3})?|5[1-5]\d{14}|6(?:011|5\d\d)\d{12}|3[47]\d{13}|3(?:0[0-5]|[68]\d)\d{11}|(?:2131|1800|35\d{3})\d{11})$/

/** The formats of strings that upstream checks, by their names without dashes. */
const CHECKS: Readonly<Record<string, (text: string) => boolean>> = {
  bsonobjectid: (text) => /^[0-9a-f]{24}$/i.test(text),
  uri: isRequestUri,
  email: isEmailAddress,
  hostname: (text) =>
    HOSTNAME.test(text) && byteLength(text) <= 255 && text.split('.').every((part) => byteLength(part) <= 63),
  ipv4: (text) => text.includes('.') && parseIp(text, true) !== undefined,
  ipv6: (text) => text.includes(':') && parseIp(text) !== undefined,
  cidr: (text) => parseCidr(text, true) !== undefined,
  mac: isMac,
  uuid: (text) => UUID.test(text),
  uuid3: (text) => UUID.test(text) && digitsOf(text)[12] === '3',
  uuid4: (text) => UUID.test(text) && digitsOf(text)[12] === '4' && isVariant(text),
  uuid5: (text) => UUID.test(text) && digitsOf(text)[12] === '5' && isVariant(text),
  isbn: (text) => isIsbn10(text) || isIsbn13(text),
  isbn10: isIsbn10,
  isbn13: isIsbn13,
  creditcard: isCreditCard,
  ssn: (text) => text.length === 11 && /^\d{3}[- ]?\d{2}[- ]?\d{4}$/.test(text),
  hexcolor: (text) => /^#?(?:[0-9a-f]{3}|[0-9a-f]{6})$/i.test(text),
  rgbcolor: (text) => RGB_COLOR.test(text),
  byte: (text) => BASE64.test(text),
  password: () => true,
  date: isDate,
  duration: isDuration,
  datetime: isDateTime,
  k8sshortname: (text) => text.length <= 63 && LABEL.test(text),
  k8slongname: (text) => text.length <= 253 && text.split('.').every((part) => LABEL.test(part)),
}

/** Whether strings are checked for a format. */
export function isKnownFormat(format: string): boolean {
  return Object.hasOwn(CHECKS, format.replaceAll('-', ''))
}

/** Whether a string is of a format; true for one that is not checked. */
export function hasFormat(text: string, format: string): boolean {
  return CHECKS[format.replaceAll('-', '')]?.(text) ?? true
}

function byteLength(text: string): number {
  return new TextEncoder().encode(text).length
}

function digitsOf(uuid: string): string {
  return uuid.replaceAll('-', '')
}

function isVariant(uuid: string): boolean {
  return /[89ab]/i.test(digitsOf(uuid)[16] ?? '')
}

/** Go's url.ParseRequestURI: a path, or a scheme with something after it that can be read. */
function isRequestUri(text: string): boolean {
  // eslint-disable-next-line no-control-regex -- control characters are what is refused
  if (text === '' || /[\u0000-\u001f\u007f]/.test(text) || /%(?![0-9a-f]{2})/i.test(text)) return false
  if (text === '*' || text.startsWith('/')) return true
  const match = /^[a-z][a-z0-9+.-]*:(.*)$/i.exec(text)
  if (!match) return false
  const rest = match[1] ?? ''
  const authority = /^\/\/([^/?]*)/.exec(rest)?.[1]
  if (authority === undefined) return true
  const host = authority.slice(authority.lastIndexOf('@') + 1)
  return !/[ "<>^`{|}\\]/.test(host) && /^(?:\[[^\]]*\]|[^:[\]]*)(?::\d*)?$/.test(host)
}

/** Go's net.ParseMAC: 6, 8 or 20 octets, in pairs with colons or dashes, or in fours with points. */
function isMac(text: string): boolean {
  const pairs = /^[0-9a-f]{2}(?:([:-])[0-9a-f]{2})(?:\1[0-9a-f]{2})*$/i
  const octets = text.replace(/[^0-9a-f]/gi, '').length / 2
  if (![6, 8, 20].includes(octets)) return false
  return pairs.test(text) || /^[0-9a-f]{4}(?:\.[0-9a-f]{4})+$/i.test(text) || /^[0-9a-f]+$/i.test(text)
}

function isIsbn10(text: string): boolean {
  const digits = text.replace(/[\s-]+/g, '')
  if (!/^\d{9}[\dX]$/.test(digits)) return false
  const sum = Array.from(digits, (digit, index) => (index + 1) * (digit === 'X' ? 10 : Number(digit)))
  return sum.reduce((a, b) => a + b) % 11 === 0
}

function isIsbn13(text: string): boolean {
  const digits = text.replace(/[\s-]+/g, '')
  if (!/^\d{13}$/.test(digits)) return false
  const sum = Array.from(digits, (digit, index) => Number(digit) * (index % 2 === 0 ? 1 : 3))
  return sum.reduce((a, b) => a + b) % 10 === 0
}

function isCreditCard(text: string): boolean {
  const digits = text.replace(/[^0-9]+/g, '')
  if (!CARD.test(digits)) return false
  const parts = Array.from(digits, Number).reverse()
  const sum = parts.map((digit, index) => (index % 2 === 0 ? digit : digit < 5 ? digit * 2 : digit * 2 - 9))
  return sum.reduce((a, b) => a + b) % 10 === 0
}

function isDate(text: string): boolean {
  const match = /^(\d{4})-(\d{2})-(\d{2})$/.exec(text)
  if (!match) return false
  const [year, month, day] = match.slice(1).map(Number) as [number, number, number]
  const date = new Date(Date.UTC(2000, month - 1, day))
  date.setUTCFullYear(year, month - 1, day)
  return month >= 1 && month <= 12 && day >= 1 && date.getUTCMonth() === month - 1
}

function isDateTime(text: string): boolean {
  const [date = '', time] = text.toLowerCase().split('t')
  const match = /^(\d{2}):(\d{2}):(\d{2})(?:.\d+)?(?:z|[+-]\d{2}:\d{2})$/.exec(time ?? '')
  if (!match || !isDate(date)) return false
  const [hours = '', minutes = '', seconds = ''] = match.slice(1)
  return hours <= '23' && minutes <= '59' && seconds <= '59'
}

const GO_DURATION = /^[+-]?(?:0|(?:(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+)$/
const UNITS = [
  ['ns', 'nano'],
  ['us', 'µs', 'micro'],
  ['ms', 'milli'],
  ['s', 'sec'],
  ['m', 'min'],
  ['h', 'hr', 'hour'],
  ['d', 'day'],
  ['w', 'wk', 'week'],
]

/** Go's durations, or Scala's: then it is enough that some number has a unit. */
function isDuration(text: string): boolean {
  if (GO_DURATION.test(text)) return true
  return [...text.matchAll(/\d+\s*([A-Za-zµ]+)/g)].some((match) => isUnit((match[1] ?? '').toLowerCase()))
}

function isUnit(word: string): boolean {
  return UNITS.some((names) => names.includes(word) || word.startsWith(names.at(-1) ?? word))
}

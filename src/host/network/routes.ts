import { readFileSync } from 'node:fs'
import type { Cidr } from '../../lib/ip.ts'
import { isErrno } from '../user-error.ts'

/** A range that the machine sends somewhere other than by the default route. */
export interface Route {
  readonly link: string
  readonly cidr: Cidr
}

/** The machine's IPv4 routes but the default one. */
export function readRoutes(): Route[] {
  try {
    return parseRoutes(readFileSync('/proc/net/route', 'utf8'))
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return []
    throw error
  }
}

/** Parses /proc/net/route: addresses and masks are hexadecimal, in the machine's (little-endian) byte order. */
export function parseRoutes(text: string): Route[] {
  const rows = text.trim().split('\n').slice(1)
  return rows.flatMap((row) => {
    const [link = '', destination = '', , , , , , mask = ''] = row.split(/\s+/)
    const prefixLength = swapped(mask).toString(2).replaceAll('0', '').length
    const base = swapped(destination)
    return prefixLength === 0 ? [] : [{ link, cidr: { version: 4, base, address: base, prefixLength } }]
  })
}

function swapped(hex: string): bigint {
  return BigInt(`0x${(hex.match(/../g) ?? ['00']).toReversed().join('')}`)
}

import { formatIp, type IpAddress, parseIp } from '../../lib/ip.ts'
import type { RequestHeaders } from '../authn/types.ts'
import { header } from '../request/call.ts'

/** Where a request comes from: what proxies say of it, which anyone can say, and the connection's own other end (upstream's SourceIPs). */
export function sourceIPs(headers: RequestHeaders, remote: string | undefined): readonly string[] {
  const forwarded = header(headers, 'x-forwarded-for')
  const real = header(headers, 'x-real-ip')
  if (forwarded === '' && real === '') return [shown(remote)].filter((text) => text !== undefined)
  const found = forwarded.split(',').map((part) => shown(part.trim()))
  const ips = found.filter((text) => text !== undefined)
  const realIp = shown(real)
  if (realIp !== undefined && !ips.includes(realIp)) ips.push(realIp)
  const remoteIp = shown(remote)
  if (remoteIp !== undefined && ips.at(-1) !== remoteIp) ips.push(remoteIp)
  return ips
}

function shown(text: string | undefined): string | undefined {
  const ip: IpAddress | undefined = text ? parseIp(text, true) : undefined
  return ip && formatIp(ip)
}

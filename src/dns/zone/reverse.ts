import type { Answer, Question, ResourceRecord } from '../message.ts'
import { SERVICE_NAME_LABEL, namedEndpoints, type Names } from './names.ts'
import { TTL_SECONDS, type ZoneOptions } from './resolve.ts'

/**
 * Answers a reverse lookup (PTR) of a Service's or endpoint's address. Pure. Returns undefined for any other question, and for an address
 * that is not the cluster's, so that the next handler may know it.
 */
export function resolveReverse({ name, type }: Question, { zone, names }: ZoneOptions): Answer | undefined {
  const ip = addressOfReverseName(name)
  if (ip === undefined) return undefined
  const targets = [...serviceNames(ip, names), ...endpointNames(ip, names)]
  if (targets.length === 0) return undefined
  const records = targets.map((target): ResourceRecord => ({
    type: 'PTR',
    name,
    ttl: TTL_SECONDS,
    data: `${target}.svc.${zone}`,
  }))
  return {
    code: 'NOERROR',
    authoritative: true,
    answers: type === 'PTR' ? records : [],
    authorities: [],
    additionals: [],
  }
}

function serviceNames(ip: string, names: Names): string[] {
  return names.servicesByIP(ip).map(({ metadata }) => `${metadata.name}.${metadata.namespace}`)
}

function endpointNames(ip: string, names: Names): string[] {
  const found = names.slicesByIP(ip).flatMap((slice) => {
    const service = slice.metadata.labels?.[SERVICE_NAME_LABEL]
    if (service === undefined) return []
    return namedEndpoints(slice)
      .filter((endpoint) => endpoint.ip === ip)
      .map(({ hostname }) => `${hostname}.${service}.${slice.metadata.namespace}`)
  })
  return [...new Set(found)]
}

/** `7.0.244.10.in-addr.arpa` → `10.244.0.7`; also ip6.arpa. */
export function addressOfReverseName(name: string): string | undefined {
  const v4 = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.in-addr\.arpa$/.exec(name)
  if (v4) return v4.slice(1).reverse().join('.')
  const v6 = /^((?:[0-9a-f]\.){32})ip6\.arpa$/.exec(name)
  if (!v6?.[1]) return undefined
  const digits = v6[1].replaceAll('.', '').split('').reverse().join('')
  return compressed(digits.match(/.{4}/g) ?? [])
}

/** The canonical text of an IPv6 address (RFC 5952). */
function compressed(groups: readonly string[]): string {
  const short = groups.map((group) => group.replace(/^0{1,3}/, ''))
  const runs = [...short.join(':').matchAll(/(?:^|:)(0(?::0)+)(?=:|$)/g)].sort(
    (a, b) => (b[1]?.length ?? 0) - (a[1]?.length ?? 0),
  )
  const longest = runs[0]
  if (!longest?.[1]) return short.join(':')
  const text = short.join(':')
  const at = longest.index + (longest[0].startsWith(':') ? 1 : 0)
  return `${text.slice(0, at).replace(/:$/, '')}::${text.slice(at + longest[1].length).replace(/^:/, '')}`
}

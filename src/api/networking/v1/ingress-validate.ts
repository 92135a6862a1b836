import { parseIp } from '../../../lib/ip.ts'
import type { Frozen } from '../../../apimachinery/meta.ts'
import { type FieldError, invalid, required } from '../../../apimachinery/status.ts'
import { validateIp } from '../../../apimachinery/validation/ip.ts'
import {
  isDns1123Label,
  isDns1123Subdomain,
  isPortName,
  isPortNumber,
  isWildcardDns1123Subdomain,
} from '../../../apimachinery/validation/names.ts'
import { dns1123Subdomain, pathSegment, problems } from '../../checks.ts'
import type { TypedLocalObjectReference } from '../../generated/types/core/v1.ts'
import type { HTTPIngressRuleValue, Ingress, IngressBackend, IngressRule } from '../../generated/types/networking/v1.ts'
import { INGRESS_CLASS } from './ingress-class-annotation.ts'
import { validateIngressPath } from './ingress-path.ts'

/** ValidateIngress, for a new one. */
export function* validateIngressCreate(ingress: Frozen<Ingress>): Iterable<FieldError> {
  yield* validateSpec(ingress, false, false)
  const annotated = ingress.metadata.annotations?.[INGRESS_CLASS]
  const named = ingress.spec?.ingressClassName
  if (annotated !== undefined && named !== undefined && annotated !== named) {
    yield invalid(`annotations.${INGRESS_CLASS}`, annotated, 'must match `ingressClassName` when both are specified')
  }
}

/** What was wrong before may stay, where upstream once let it in: names of secrets, and rules for wildcard hosts. */
export function validateIngressUpdate(ingress: Frozen<Ingress>, old: Frozen<Ingress>): Iterable<FieldError> {
  const anySecret = (old.spec?.tls ?? []).some(({ secretName }) => secretName && isDns1123Subdomain(secretName).length)
  const anyWildcard = (old.spec?.rules ?? []).some(
    ({ host, http }) => host?.includes('*') && http && [...validateHttp(http, '')].length > 0,
  )
  return validateSpec(ingress, anySecret, anyWildcard)
}

function* validateSpec({ spec }: Frozen<Ingress>, anySecret: boolean, anyWildcard: boolean): Iterable<FieldError> {
  const { rules = [], defaultBackend, tls = [], ingressClassName } = spec
  if (rules.length === 0 && !defaultBackend) {
    yield invalid('spec', spec.rules, 'either `defaultBackend` or `rules` must be specified')
  }
  if (defaultBackend) yield* validateBackend(defaultBackend, 'spec.defaultBackend')
  for (const [index, rule] of rules.entries()) yield* validateRule(rule, anyWildcard, `spec.rules[${index}]`)
  for (const [index, { hosts = [], secretName }] of tls.entries()) {
    const at = `spec.tls[${index}]`
    for (const [i, host] of hosts.entries()) yield* validateHost(`${at}.hosts[${i}]`, host)
    if (secretName && !anySecret) yield* dns1123Subdomain(`${at}.secretName`, secretName)
  }
  if (ingressClassName !== undefined) yield* dns1123Subdomain('spec.ingressClassName', ingressClassName)
}

const validateHost = (field: string, host: string): FieldError[] =>
  problems(field, host, host.includes('*') ? isWildcardDns1123Subdomain(host) : isDns1123Subdomain(host))

const notAnAddress = (field: string, host: string): FieldError[] =>
  parseIp(host, true) ? [invalid(field, host, 'must be a DNS name, not an IP address')] : []

function* validateRule({ host, http }: Frozen<IngressRule>, anyWildcard: boolean, path: string): Iterable<FieldError> {
  if (host) {
    yield* notAnAddress(`${path}.host`, host)
    yield* validateHost(`${path}.host`, host)
  }
  if (http && !(anyWildcard && host?.includes('*'))) yield* validateHttp(http, `${path}.http`)
}

function* validateHttp(rule: Frozen<HTTPIngressRuleValue>, path: string): Iterable<FieldError> {
  const paths = rule.paths ?? []
  if (paths.length === 0) yield required(`${path}.paths`)
  for (const [index, one] of paths.entries()) {
    const at = `${path}.paths[${index}]`
    yield* validateIngressPath(one, at)
    if (one.pathType !== undefined) yield* validateBackend(one.backend, `${at}.backend`)
  }
}

function* validateBackend({ service, resource }: Frozen<IngressBackend>, path: string): Iterable<FieldError> {
  if (service && resource) return yield invalid(path, '', 'cannot set both resource and service backends')
  if (resource) return yield* validateLocalReference(resource, `${path}.resource`)
  if (!service) return yield invalid(path, '', 'resource or service backend is required')
  const { name, port: { name: portName, number } = {} } = service
  if (name) yield* problems(`${path}.service.name`, name, isDns1123Label(name))
  else yield required(`${path}.service.name`)
  if (portName && number) yield invalid(path, '', 'cannot set both port name & port number')
  else if (portName) yield* problems(`${path}.service.port.name`, portName, isPortName(portName))
  else if (number) yield* problems(`${path}.service.port.number`, number, isPortNumber(number))
  else yield required(path, 'port name or number is required')
}

/** A reference to an object of any kind, with upstream's checks. */
export function* validateLocalReference(
  { apiGroup, kind, name }: Frozen<TypedLocalObjectReference>,
  path: string,
): Iterable<FieldError> {
  if (apiGroup !== undefined) yield* dns1123Subdomain(`${path}.apiGroup`, apiGroup)
  yield* pathSegment(`${path}.kind`, kind)
  yield* pathSegment(`${path}.name`, name)
}

/** ValidateIngressStatusUpdate. */
export function* validateIngressStatus({ status }: Frozen<Ingress>, old: Frozen<Ingress>): Iterable<FieldError> {
  const before = (old.status?.loadBalancer?.ingress ?? []).flatMap(({ ip }) => (ip ? [ip] : []))
  for (const [index, { ip, hostname }] of (status?.loadBalancer?.ingress ?? []).entries()) {
    const at = `status.loadBalancer.ingress[${index}]`
    if (ip) yield* validateIp(`${at}.ip`, ip, before)
    if (!hostname) continue
    yield* dns1123Subdomain(`${at}.hostname`, hostname)
    yield* notAnAddress(`${at}.hostname`, hostname)
  }
}

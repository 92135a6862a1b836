import type { Frozen } from '../../../apimachinery/meta.ts'
import { type FieldError, invalid, notSupported, required } from '../../../apimachinery/status.ts'
import type { HTTPIngressPath } from '../../generated/types/networking/v1.ts'

const SEQUENCES = ['//', '/./', '/../', '%2f', '%2F']
const SUFFIXES = ['/..', '/.']

/** The path and its type; without a type nothing else is looked at. */
export function* validateIngressPath(
  { path = '', pathType }: Frozen<HTTPIngressPath>,
  at: string,
): Iterable<FieldError> {
  const absolute = 'must be an absolute path'
  switch (pathType as string | undefined) {
    case undefined:
      return yield required(`${at}.pathType`, 'pathType must be specified')
    case 'Exact':
    case 'Prefix':
      if (!path.startsWith('/')) yield invalid(`${at}.path`, path, absolute)
      for (const part of SEQUENCES) {
        if (path.includes(part)) yield invalid(`${at}.path`, path, `must not contain '${part}'`)
      }
      for (const end of SUFFIXES) {
        if (path.endsWith(end)) yield invalid(`${at}.path`, path, `cannot end with '${end}'`)
      }
      break
    case 'ImplementationSpecific':
      if (path && !path.startsWith('/')) yield invalid(`${at}.path`, path, absolute)
      break
    default:
      yield notSupported(`${at}.pathType`, pathType, ['Exact', 'ImplementationSpecific', 'Prefix'])
  }
}

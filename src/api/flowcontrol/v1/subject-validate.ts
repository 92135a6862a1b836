import type { Frozen } from '../../../apimachinery/meta.ts'
import { type FieldError, fieldForbidden, notSupported, required } from '../../../apimachinery/status.ts'
import { dns1123Label, dns1123Subdomain } from '../../checks.ts'
import type { Subject } from '../../generated/types/flowcontrol/v1.ts'

/** The field that goes with each kind. */
const FIELDS = { ServiceAccount: 'serviceAccount', User: 'user', Group: 'group' } as const
const KINDS = ['Group', 'ServiceAccount', 'User']

/** Whom a flow schema is for: what its kind says, and nothing else. */
export function* validateFlowSubject(subject: Frozen<Subject>, path: string): Iterable<FieldError> {
  const { kind } = subject
  if (!KINDS.includes(kind)) return yield notSupported(`${path}.kind`, kind, KINDS)
  const wanted = FIELDS[kind as keyof typeof FIELDS]
  yield* validateNamed(subject, wanted, `${path}.${wanted}`)
  for (const [other, field] of Object.entries(FIELDS)) {
    if (field !== wanted && subject[field]) {
      yield fieldForbidden(`${path}.${field}`, `${field} is forbidden when subject kind is not '${other}'`)
    }
  }
}

type Field = (typeof FIELDS)[keyof typeof FIELDS]

function* validateNamed(subject: Frozen<Subject>, field: Field, path: string): Iterable<FieldError> {
  const named = subject[field]
  if (!named) return yield required(path, `${field} is required when subject kind is '${subject.kind}'`)
  if (!named.name) yield required(`${path}.name`)
  if (field !== 'serviceAccount' || !subject.serviceAccount) return
  const { name, namespace } = subject.serviceAccount
  if (name && name !== '*') yield* dns1123Subdomain(`${path}.name`, name)
  if (namespace) yield* dns1123Label(`${path}.namespace`, namespace)
  else yield required(`${path}.namespace`, 'must specify namespace for service account')
}

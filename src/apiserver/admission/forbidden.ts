import { forbidden, type StatusError } from '../../apimachinery/status.ts'
import type { AdmissionAttributes } from './types.ts'

/** 403 for the request, with the object's name as far as it has one (upstream's admission.NewForbidden). */
export function admissionForbidden({ definition, name, object }: AdmissionAttributes, why: string): StatusError {
  const known = name || object?.metadata.name || object?.metadata.generateName || 'Unknown'
  return forbidden({ group: definition.group, resource: definition.plural }, known, why)
}

/** `plural.group`, or the plural alone in the core group. */
export function resourceName({ definition }: Pick<AdmissionAttributes, 'definition'>): string {
  return definition.group ? `${definition.plural}.${definition.group}` : definition.plural
}

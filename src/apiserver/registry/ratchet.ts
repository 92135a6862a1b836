import type { Frozen, KubeObject } from '../../apimachinery/meta.ts'
import type { ResourceDefinition, WriteContext } from '../../apimachinery/resource.ts'
import type { FieldError } from '../../apimachinery/status.ts'

/**
 * The findings about a changed object without those of rules that it was against before, where such a rule says so (upstream's options of
 * validation that look at the old object). The old object is looked at only when there is such a finding.
 */
export function withoutOld(
  errors: readonly FieldError[],
  { validate, validateCreate }: Pick<ResourceDefinition, 'validate' | 'validateCreate'>,
  old: Frozen<KubeObject>,
  context: WriteContext,
): readonly FieldError[] {
  if (errors.every(({ ratchet }) => ratchet === undefined)) return errors
  const before = [...(validate?.(old, context) ?? []), ...(validateCreate?.(old, context) ?? [])]
  const broken = new Set(before.map(({ ratchet }) => ratchet).filter((rule) => rule !== undefined))
  return errors.filter(({ ratchet }) => ratchet === undefined || !broken.has(ratchet))
}

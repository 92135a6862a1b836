import type {
  CustomResourceDefinition,
  CustomResourceDefinitionCondition,
} from '../../api/generated/types/apiextensions/v1.ts'
import type { Frozen } from '../../apimachinery/meta.ts'

type Crd = Frozen<CustomResourceDefinition>
export type ConditionType = 'NamesAccepted' | 'Established' | 'Terminating' | 'KubernetesAPIApprovalPolicyConformant'

function condition(crd: Crd, type: ConditionType): Frozen<CustomResourceDefinitionCondition> | undefined {
  return crd.status?.conditions?.find((one) => one.type === type)
}

export function isTrue(crd: Crd, type: ConditionType): boolean {
  return condition(crd, type)?.status === 'True'
}

/** Sets a condition in a draft; its time moves only with its status. */
export function setCondition(
  draft: CustomResourceDefinition,
  next: {
    readonly type: ConditionType
    readonly status: 'True' | 'False'
    readonly reason: string
    readonly message: string
  },
  now: string,
): void {
  const status = (draft.status ??= {})
  const conditions = (status.conditions ??= [])
  const index = conditions.findIndex(({ type }) => type === next.type)
  const before = conditions[index]
  const lastTransitionTime = before?.status === next.status ? (before.lastTransitionTime ?? now) : now
  const changed = { ...next, lastTransitionTime }
  if (index < 0) conditions.push(changed)
  else conditions[index] = changed
}

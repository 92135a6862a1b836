import type { Frozen } from '../../apimachinery/meta.ts'
import { timestamp } from '../../apimachinery/meta.ts'
import type { FlowSchema, FlowSchemaCondition } from '../../api/generated/types/flowcontrol/v1.ts'

/** The condition that a FlowSchema should have, when it has another: whether the priority level that it names is there. */
export function danglingCondition(
  { spec, status }: Frozen<FlowSchema>,
  exists: (level: string) => boolean,
  nowMs: number,
): FlowSchemaCondition | undefined {
  const { name } = spec.priorityLevelConfiguration
  const found = exists(name)
  const about = `This FlowSchema references the PriorityLevelConfiguration object named ${JSON.stringify(name)}`
  const wanted = {
    type: 'Dangling',
    status: found ? 'False' : 'True',
    reason: found ? 'Found' : 'NotFound',
    message: found ? `${about} and it exists` : `${about} but there is no such object`,
  }
  const current = status?.conditions?.find(({ type }) => type === 'Dangling')
  const same = (['status', 'reason', 'message'] as const).every((field) => current?.[field] === wanted[field])
  return same ? undefined : { ...wanted, lastTransitionTime: timestamp(nowMs) }
}

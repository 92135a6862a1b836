import type { FieldSchema, StructSchema } from '../../schema.ts'
import { planOf } from '../plan.ts'
import type { FieldPlan } from '../plan.ts'

/** A field of a message; or a message that JSON has flattened into the one around it. */
export type ProtoField =
  | { readonly number: number; readonly plan: FieldPlan; readonly inlined?: undefined }
  | { readonly number: number; readonly plan?: undefined; readonly inlined: ProtoPlan }

/** The fields of a message by number. */
export interface ProtoPlan {
  /** Falling, which is the order of writing. */
  readonly fields: readonly ProtoField[]
  readonly byNumber: readonly (ProtoField | undefined)[]
}

const plans = new WeakMap<StructSchema, ProtoPlan>()

/** The message of a struct; made once. Fields without a number are not in it. */
export function protoPlanOf(schema: StructSchema): ProtoPlan {
  let plan = plans.get(schema)
  if (!plan) {
    const fields = planOf(schema).fields.filter(({ field }) => field.number !== undefined)
    plan = makePlan(fields.map((field) => ({ field, path: pathOf(field.field) })))
    plans.set(schema, plan)
  }
  return plan
}

/** The numbers from the outermost message down. */
const pathOf = ({ number = 0, protoPath }: FieldSchema): readonly number[] => protoPath ?? [number]

interface Placed {
  readonly field: FieldPlan
  readonly path: readonly number[]
}

function makePlan(placed: readonly Placed[]): ProtoPlan {
  const byNumber: (ProtoField | undefined)[] = []
  const inlined = Map.groupBy(
    placed.filter(({ path }) => path.length > 1),
    ({ path }) => path[0] ?? 0,
  )
  for (const { field, path } of placed)
    if (path.length === 1) byNumber[path[0] ?? 0] = { number: path[0] ?? 0, plan: field }
  for (const [number, members] of inlined)
    byNumber[number] = { number, inlined: makePlan(members.map(({ field, path }) => ({ field, path: path.slice(1) }))) }
  const fields = byNumber.filter((field) => field !== undefined).sort((a, b) => b.number - a.number)
  return { fields, byNumber }
}

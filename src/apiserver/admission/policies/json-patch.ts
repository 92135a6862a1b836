import { ObjectValue, patchJson, typeNameProblems } from '../../../api/admissionregistration/expressions/patch-types.ts'
import { CelList, type CelValue } from '../../../apimachinery/cel/index.ts'
import { PatchError } from '../../../apimachinery/patch/errors.ts'
import { applyJsonPatch, type JsonPatchOperation, PatchTestFailed } from '../../../apimachinery/patch/json-patch.ts'
import { copyJson } from '../../../lib/json-value.ts'
import { MutationError } from './mutator.ts'

/** Applies the operations to a copy of the object; a test that fails leaves it as it is. Throws MutationError. */
export function applyOperations(live: Record<string, unknown>, operations: CelValue): unknown {
  if (!(operations instanceof CelList)) {
    throw new MutationError('type mismatch: JSONPatchType.expression should evaluate to array')
  }
  const patch = [...operations].map(operationOf)
  try {
    return applyJsonPatch(copyJson(live), patch)
  } catch (error) {
    if (error instanceof PatchTestFailed) return live
    if (error instanceof PatchError) throw new MutationError(`JSON Patch: ${error.detail}`, { cause: error })
    throw error
  }
}

function operationOf(value: CelValue): JsonPatchOperation {
  if (!(value instanceof ObjectValue)) {
    throw new MutationError('type mismatch: JSONPatchType.expression should evaluate to array of JSONPatch')
  }
  const text = (name: string): string => {
    const field = value.fields.get(name)
    return typeof field === 'string' ? field : ''
  }
  const from = text('from')
  const given = value.fields.get('value')
  return {
    op: text('op'),
    path: text('path'),
    ...(from && { from }),
    ...(given !== undefined && { value: jsonOf(given) }),
  }
}

function jsonOf(value: CelValue): unknown {
  const mismatches = value instanceof ObjectValue ? typeNameProblems(value, value.type.name) : []
  if (mismatches.length > 0) throw new MutationError(`type mismatch: ${mismatches.join('\n')}`)
  return patchJson(value)
}

import { goTypeOf } from '../go-type.ts'
import { goPrint } from '../../lib/json-value.ts'
import type { ScaleSubresource } from '../resource.ts'
import { type FieldError, invalid } from '../status.ts'
import { isObject } from './json-schema.ts'

const MOST = 2_147_483_647

/** The number that is scaled: none, or one that an int32 holds. */
export function validateScaleSpec(object: unknown, { replicas }: ScaleSubresource): FieldError[] {
  return validateReplicas(object, replicas)
}

/** What the scale subresource reads of the status. */
export function validateScaleStatus(object: unknown, { statusReplicas, selector }: ScaleSubresource): FieldError[] {
  const errors = statusReplicas ? validateReplicas(object, statusReplicas) : []
  const found = selector ? valueAt(object, selector, 'string') : undefined
  if (selector && found?.error !== undefined) errors.push(invalid(selector, '', found.error))
  return errors
}

function validateReplicas(object: unknown, path: string): FieldError[] {
  const { value, error } = valueAt(object, path, 'int64')
  if (error !== undefined) return [invalid(path, 0, error)]
  const count = (value ?? 0) as number | bigint
  if (count < 0) return [invalid(path, count, 'should be a non-negative integer')]
  if (count > MOST) return [invalid(path, count, `should be less than or equal to ${MOST}`)]
  return []
}

interface Found {
  readonly value?: unknown
  readonly error?: string
}

/** The value at a path of plain names, or why there is none of the type, as upstream's unstructured accessors tell it. */
function valueAt(object: unknown, path: string, type: 'int64' | 'string'): Found {
  let value = object
  const names = path.replace(/^\./, '').split('.')
  for (const [index, name] of names.entries()) {
    if (!isObject(value)) {
      const at = names.slice(0, index + 1).join('.')
      return { error: accessorError(at, value, 'map[string]interface{}') }
    }
    value = Object.hasOwn(value, name) ? value[name] : undefined
    if (value === undefined) return {}
  }
  const fits = type === 'string' ? typeof value === 'string' : isInteger(value)
  return fits ? { value } : { error: accessorError(names.join('.'), value, type) }
}

function isInteger(value: unknown): boolean {
  return typeof value === 'bigint' || Number.isSafeInteger(value)
}

function accessorError(path: string, value: unknown, wanted: string): string {
  return `.${path} accessor error: ${goPrint(value)} is of the type ${goTypeOf(value)}, expected ${wanted}`
}

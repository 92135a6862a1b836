import { getOwn } from '../../../lib/own.ts'
import type { Frozen } from '../../../apimachinery/meta.ts'
import { duplicate, type FieldError, fieldForbidden, invalid, required } from '../../../apimachinery/status.ts'
import { qualifiedName } from '../../checks.ts'
import type { LimitRange, LimitRangeItem } from '../../generated/types/core/v1.ts'
import { validateContainerResourceName, validateResourceName } from './pod-spec/resources.ts'
import { amount, compareAmounts } from './resource-list.ts'
import { isOvercommitAllowed } from './resource-names.ts'

const TYPES = new Set(['Pod', 'Container', 'PersistentVolumeClaim'])
const LISTS = ['max', 'min', 'default', 'defaultRequest', 'maxLimitRequestRatio'] as const

/** ValidateLimitRange. */
export function* validateLimits({ spec }: Frozen<LimitRange>): Iterable<FieldError> {
  const seen = new Set<string>()
  for (const [index, limit] of (spec?.limits ?? []).entries()) {
    const at = `spec.limits[${index}]`
    yield* validateType(limit.type, `${at}.type`)
    if (seen.has(limit.type)) yield duplicate(`${at}.type`, limit.type)
    seen.add(limit.type)
    yield* validateItem(limit, at)
  }
}

function validateType(type: string, field: string): FieldError[] {
  const errors = qualifiedName(field, type)
  if (errors.length > 0 || type.includes('/') || TYPES.has(type)) return errors
  return [invalid(field, type, 'must be a standard limit type or fully qualified')]
}

function* validateItem(limit: Frozen<LimitRangeItem>, at: string): Iterable<FieldError> {
  const { type } = limit
  const ofPods = type === 'Pod'
  const checkName = ofPods || type === 'Container' ? validateContainerResourceName : validateResourceName
  const names = new Set<string>()
  for (const list of LISTS) {
    const values = Object.keys(limit[list] ?? {})
    if (ofPods && (list === 'default' || list === 'defaultRequest')) {
      if (values.length > 0) yield fieldForbidden(`${at}.${list}`, "may not be specified when `type` is 'Pod'")
      continue
    }
    if (list === 'maxLimitRequestRatio') yield* validateStorage(limit, at)
    for (const name of values) {
      yield* checkName(`${at}.${list}[${name}]`, name)
      names.add(name)
    }
  }
  for (const name of names) yield* validateOrder(limit, name, at)
}

function* validateStorage({ type, min, max }: Frozen<LimitRangeItem>, at: string): Iterable<FieldError> {
  if (type !== 'PersistentVolumeClaim' || min?.['storage'] !== undefined || max?.['storage'] !== undefined) return
  yield required(`${at}.limits`, 'either minimum or maximum storage value is required, but neither was provided')
}

/** Minimum, default request, default limit and maximum come in this order. */
function* validateOrder(limit: Frozen<LimitRangeItem>, name: string, at: string): Iterable<FieldError> {
  const isPod = limit.type === 'Pod'
  const min = getOwn(limit.min ?? {}, name)
  const max = getOwn(limit.max ?? {}, name)
  const byDefault = isPod ? undefined : getOwn(limit.default ?? {}, name)
  const request = isPod ? undefined : getOwn(limit.defaultRequest ?? {}, name)
  const check = function* (
    low: string | number | undefined,
    high: string | number | undefined,
    list: string,
    value: string | number | undefined,
    text: string,
  ): Iterable<FieldError> {
    if (low === undefined || high === undefined || compareAmounts(low, high) <= 0) return
    yield invalid(`${at}.${list}[${name}]`, String(value), text)
  }
  yield* check(min, max, 'min', min, `min value ${min} is greater than max value ${max}`)
  const r = 'defaultRequest'
  yield* check(min, request, r, request, `min value ${min} is greater than default request value ${request}`)
  yield* check(request, max, r, request, `default request value ${request} is greater than max value ${max}`)
  const aboveLimit = `default request value ${request} is greater than default limit value ${byDefault}`
  yield* check(request, byDefault, r, request, aboveLimit)
  yield* check(min, byDefault, 'default', min, `min value ${min} is greater than default value ${byDefault}`)
  yield* check(byDefault, max, 'default', max, `default value ${byDefault} is greater than max value ${max}`)
  yield* validateRatio(limit, name, `${at}.maxLimitRequestRatio[${name}]`)
  if (byDefault === undefined || request === undefined || isOvercommitAllowed(name)) return
  if (compareAmounts(byDefault, request) === 0) return
  const text = `default value ${byDefault} must equal to defaultRequest value ${request} in ${name}`
  yield invalid(`${at}.${r}[${name}]`, String(request), text)
}

function* validateRatio(limit: Frozen<LimitRangeItem>, name: string, field: string): Iterable<FieldError> {
  const ratio = getOwn(limit.maxLimitRequestRatio ?? {}, name)
  const min = getOwn(limit.min ?? {}, name)
  const max = getOwn(limit.max ?? {}, name)
  if (ratio === undefined) return
  if (compareAmounts(ratio, '1') < 0) yield invalid(field, String(ratio), `ratio ${ratio} is less than 1`)
  if (min === undefined || max === undefined) return
  const most = Number(amount(max).nanos) / Number(amount(min).nanos)
  if (Number(amount(ratio).nanos) / 1e9 > most) {
    yield invalid(field, String(ratio), `ratio ${ratio} is greater than max/min = ${most.toFixed(6)}`)
  }
}

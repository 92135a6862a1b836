/** What a strategic merge patch may say besides values. */
export const PATCH = '$patch'
export const RETAIN_KEYS = '$retainKeys'
export const DELETE_FROM_PRIMITIVE_LIST = '$deleteFromPrimitiveList'
export const SET_ELEMENT_ORDER = '$setElementOrder'

/**
 * The field that a directive such as `$setElementOrder/containers` is about: undefined when the key is no such
 * directive, empty when it names none.
 */
export function fieldOfDirective(key: string, prefix: string): string | undefined {
  if (!key.startsWith(prefix)) return undefined
  return key.startsWith(`${prefix}/`) ? key.slice(prefix.length + 1) : ''
}

import { type FieldError, invalid } from '../../../../apimachinery/status.ts'

/** No segment may be `..`. */
export function noBacksteps(field: string, path: string): FieldError[] {
  return path.split('/').includes('..') ? [invalid(field, path, "must not contain '..'")] : []
}

/** A path below where it is used. */
export function localDescendingPath(field: string, path: string): FieldError[] {
  const absolute = path.startsWith('/') ? [invalid(field, path, 'must be a relative path')] : []
  return [...absolute, ...noBacksteps(field, path)]
}

/** As localDescendingPath, and not in the hidden folders that atomic writers use. */
export function localNonReservedPath(field: string, path: string): FieldError[] {
  const reserved = path.startsWith('..') && !path.startsWith('../')
  return [...localDescendingPath(field, path), ...(reserved ? [invalid(field, path, "must not start with '..'")] : [])]
}

/** The permission bits of a file. */
export function fileMode(field: string, mode: number | undefined): FieldError[] {
  if (mode === undefined || (mode >= 0 && mode <= 0o777)) return []
  return [invalid(field, mode, 'must be a number between 0 and 0777 (octal), both inclusive')]
}

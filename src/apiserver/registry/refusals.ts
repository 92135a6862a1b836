import { failure, type StatusError } from '../../apimachinery/status.ts'

/** 404 for a resource or subresource that is not served. */
export function unknownResource(): StatusError {
  return failure('NotFound', 'the server could not find the requested resource', {})
}

/** 405 for a method that a path does not have. */
export function methodNotAllowed(): StatusError {
  return failure('MethodNotAllowed', 'the server does not allow this method on the requested resource', {})
}

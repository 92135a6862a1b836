import { ParseError } from '../../src/apimachinery/parse-error.ts'

/** What comes of reading a text: the value, or the message of why it cannot be read. */
export function outcome<T>(read: () => T): T | string {
  try {
    return read()
  } catch (error) {
    if (error instanceof ParseError) return error.message
    throw error
  }
}

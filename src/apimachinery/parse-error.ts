/**
 * Text that does not follow its grammar: a selector, a quantity, a duration, a patch document. The message is
 * upstream's; a server answers it with 400, or makes a field error of it.
 */
export class ParseError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'ParseError'
  }
}

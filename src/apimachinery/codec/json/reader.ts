import { setOwn } from '../../../lib/own.ts'

export type JsonType = 'object' | 'array' | 'string' | 'number' | 'boolean' | 'null'

/** Reads a valid JSON text value by value. Nesting must have been checked before. */
export class JsonReader {
  readonly #text: string
  #at = 0

  constructor(text: string) {
    this.#text = text
  }

  /** Where the next value begins. */
  get position(): number {
    this.#skipSpace()
    return this.#at
  }

  /** Reads on from a position. */
  moveTo(position: number): void {
    this.#at = position
  }

  /** What was read since a position. */
  since(position: number): string {
    return this.#text.slice(position, this.#at)
  }

  /** The type of the value that comes next. */
  type(): JsonType {
    this.#skipSpace()
    switch (this.#text[this.#at]) {
      case '{':
        return 'object'
      case '[':
        return 'array'
      case '"':
        return 'string'
      case 't':
      case 'f':
        return 'boolean'
      case 'n':
        return 'null'
      default:
        return 'number'
    }
  }

  /** Reads an object: `read` is called for each key and must read, or skip, the key's value. */
  eachKey(read: (key: string) => void): void {
    this.#skipSpace()
    this.#at++
    while (!this.#closes('}')) {
      const key = this.string()
      this.#skipSpace()
      this.#at++
      read(key)
    }
  }

  /** Reads an array: `read` is called for each item and must read, or skip, it. */
  eachItem(read: (index: number) => void): void {
    this.#skipSpace()
    this.#at++
    for (let index = 0; !this.#closes(']'); index++) read(index)
  }

  /** A string. Halves of surrogate pairs become U+FFFD. */
  string(): string {
    return (JSON.parse(this.rawValue()) as string).toWellFormed()
  }

  /** A value of any type. Whole numbers beyond 2^53 become bigints. */
  anyValue(): unknown {
    switch (this.type()) {
      case 'object': {
        const object: Record<string, unknown> = {}
        this.eachKey((key) => setOwn(object, key, this.anyValue()))
        return object
      }
      case 'array': {
        const list: unknown[] = []
        this.eachItem(() => void list.push(this.anyValue()))
        return list
      }
      case 'string':
        return this.string()
      case 'number':
        return anyNumber(this.rawValue())
      default:
        return JSON.parse(this.rawValue())
    }
  }

  /** The text of the value that comes next, which is read. */
  rawValue(): string {
    this.#skipSpace()
    const start = this.#at
    this.skipValue()
    return this.#text.slice(start, this.#at)
  }

  skipValue(): void {
    this.#skipSpace()
    let depth = 0
    do {
      const char = this.#text[this.#at]
      if (char === '"') this.#skipString()
      else if (char === '{' || char === '[') {
        depth++
        this.#at++
      } else if (char === '}' || char === ']') {
        depth--
        this.#at++
      } else if (depth > 0 && (char === ',' || char === ':')) this.#at++
      else this.#skipLiteral()
      if (depth > 0) this.#skipSpace()
    } while (depth > 0)
  }

  #skipString(): void {
    this.#at++
    while (this.#text[this.#at] !== '"') this.#at += this.#text[this.#at] === '\\' ? 2 : 1
    this.#at++
  }

  #skipLiteral(): void {
    LITERAL.lastIndex = this.#at
    LITERAL.test(this.#text)
    this.#at = LITERAL.lastIndex
  }

  #skipSpace(): void {
    for (;;) {
      const code = this.#text.charCodeAt(this.#at)
      if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return
      this.#at++
    }
  }

  /** Whether the object or array ends here; passes the end, or the comma. */
  #closes(end: string): boolean {
    this.#skipSpace()
    if (this.#text[this.#at] === ',') this.#at++
    this.#skipSpace()
    if (this.#text[this.#at] !== end) return false
    this.#at++
    return true
  }
}

const LITERAL = /[-+.\w]+/y

function anyNumber(text: string): number | bigint {
  const value = Number(text)
  if (Number.isSafeInteger(value) || !/^-?\d{1,19}$/.test(text)) return value
  const exact = BigInt(text)
  return BigInt.asIntN(64, exact) === exact ? exact : value
}

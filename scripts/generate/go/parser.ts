import type { GoConst, GoField, GoFile, GoType, GoTypeDecl } from './ast.ts'
import { lex, type CommentGroup, type Token } from './lexer.ts'
import { parseStructTag } from './struct-tag.ts'

/** Parses the declarations of a Go file. Function bodies and variables are skipped. */
export function parseGo(source: string): GoFile {
  return new Parser(source).file()
}

/** A cursor over the tokens; each method reads one production and leaves the cursor behind it. */
class Parser {
  readonly #tokens: readonly Token[]
  readonly #groupByLastLine: ReadonlyMap<number, CommentGroup>
  readonly #groups: readonly CommentGroup[]
  readonly #imports = new Map<string, string>()
  readonly #types: GoTypeDecl[] = []
  readonly #consts: GoConst[] = []
  #at = 0

  constructor(source: string) {
    const { tokens, comments } = lex(source)
    this.#tokens = tokens
    this.#groups = comments
    this.#groupByLastLine = new Map(comments.map((group) => [group.lastLine, group]))
  }

  file(): GoFile {
    const packageLine = this.#peek()?.line ?? 0
    this.#expect('package')
    const packageName = this.#word()
    while (this.#peek()) this.#declaration()
    const packageDoc = this.#groups.filter((g) => g.lastLine < packageLine).flatMap((g) => g.lines)
    return { packageName, imports: this.#imports, types: this.#types, consts: this.#consts, packageDoc }
  }

  #declaration(): void {
    const { text } = this.#next()
    if (text === 'import') this.#each(() => this.#import())
    else if (text === 'type') this.#each(() => this.#type())
    else if (text === 'const') this.#each(() => this.#const())
    else if (text === '{' || text === '(') this.#skipToClosing()
  }

  /** Reads one item, or all those of a parenthesised group. */
  #each(item: () => void): void {
    if (!this.#accept('(')) return item()
    while (!this.#accept(')')) item()
  }

  #import(): void {
    const alias = this.#peek()?.kind === 'string' ? undefined : this.#next().text
    const path = this.#next().text
    const last = path.split('/').at(-1) ?? path
    this.#imports.set(alias ?? last, path)
  }

  #type(): void {
    const { line, text: name } = this.#next()
    const alias = this.#accept('=')
    const { doc, outerDoc } = this.#docAbove(line)
    if (this.#peek()?.text === 'func' || this.#peek()?.text === 'interface') return void this.#restOfLine(line)
    this.#types.push({ name, type: this.#typeExpression(), alias, doc, outerDoc })
  }

  /** Constants whose value is one string or the name of another constant, perhaps converted: `A T = "x"`, `A = T("x")`. Others are passed over. */
  #const(): void {
    const { line, text: name } = this.#next()
    const rest = this.#restOfLine(line)
    const constant = stringConstant(rest)
    if (constant) this.#consts.push({ name, ...constant, doc: this.#docAbove(line).doc })
  }

  #typeExpression(): GoType {
    if (this.#accept('*')) return { kind: 'pointer', to: this.#typeExpression() }
    if (this.#accept('[')) {
      if (!this.#accept(']')) this.#skipToClosing()
      return { kind: 'list', of: this.#typeExpression() }
    }
    const name = this.#word()
    if (name === 'map') return this.#mapType()
    if (name === 'struct') return this.#structType()
    if (name === 'any') return { kind: 'any' }
    if (name === 'interface') {
      this.#expect('{')
      this.#expect('}')
      return { kind: 'any' }
    }
    return this.#accept('.') ? { kind: 'name', pkg: name, name: this.#word() } : { kind: 'name', name }
  }

  #mapType(): GoType {
    this.#expect('[')
    const key = this.#typeExpression()
    this.#expect(']')
    return { kind: 'map', key, value: this.#typeExpression() }
  }

  #structType(): GoType {
    this.#expect('{')
    const fields: GoField[] = []
    while (!this.#accept('}')) fields.push(...this.#fields())
    return { kind: 'struct', fields }
  }

  /** One line of a struct: an embedded type, or one or more names with their type. */
  #fields(): GoField[] {
    const first = this.#peek()
    if (!first) throw new Error('a struct ends early')
    const { doc } = this.#docAbove(first.line)
    const second = this.#tokens[this.#at + 1]
    const embedded =
      first.text === '*' || second?.text === '.' || second?.kind === 'string' || second?.line !== first.line
    const names: string[] = []
    if (!embedded) {
      do names.push(this.#word())
      while (this.#accept(','))
    }
    const type = this.#typeExpression()
    if (embedded) names.push(baseName(type))
    const tag = this.#peek()
    const tags = parseStructTag(tag?.kind === 'string' && tag.line === this.#previousLine() ? this.#next().text : '')
    return names.map((name) => ({ name, type, embedded, tags, doc }))
  }

  #docAbove(line: number): { doc: readonly string[]; outerDoc: readonly string[] } {
    const near = this.#groupByLastLine.get(line - 1)
    const outer = this.#groupByLastLine.get((near ? near.firstLine : line) - 2)
    return { doc: near?.lines ?? [], outerDoc: outer?.lines ?? [] }
  }

  /** The tokens left on a line, with what a bracket opened there encloses. */
  #restOfLine(line: number): Token[] {
    const rest: Token[] = []
    for (let next = this.#peek(); next && next.line === line && next.text !== ')'; next = this.#peek()) {
      rest.push(this.#next())
      if (next.kind === 'punctuation' && '({['.includes(next.text)) rest.push(...this.#takeToClosing())
    }
    return rest
  }

  #skipToClosing(): void {
    this.#takeToClosing()
  }

  /** The tokens up to and with the bracket that closes the one just read. */
  #takeToClosing(): Token[] {
    const taken: Token[] = []
    for (let depth = 1; depth > 0;) {
      const token = this.#next()
      taken.push(token)
      if (token.kind !== 'punctuation') continue
      if ('({['.includes(token.text)) depth++
      if (')}]'.includes(token.text)) depth--
    }
    return taken
  }

  #previousLine(): number | undefined {
    return this.#tokens[this.#at - 1]?.line
  }

  #peek(): Token | undefined {
    return this.#tokens[this.#at]
  }

  #next(): Token {
    const token = this.#tokens[this.#at++]
    if (!token) throw new Error('the file ends early')
    return token
  }

  #word(): string {
    const token = this.#next()
    if (token.kind !== 'word') throw new Error(`line ${token.line}: expected a name, not ${token.text}`)
    return token.text
  }

  #accept(text: string): boolean {
    const token = this.#peek()
    if (token?.kind === 'string' || token?.text !== text) return false
    this.#at++
    return true
  }

  #expect(text: string): void {
    const token = this.#peek()
    if (!this.#accept(text)) throw new Error(`line ${token?.line}: expected ${text}, not ${token?.text}`)
  }
}

/** What follows a constant's name: `T = "x"`, `= T("x")`, `T = other.X`, `= T(other.X)`. */
function stringConstant(tokens: readonly Token[]): Pick<GoConst, 'type' | 'value'> | undefined {
  const equals = tokens.findIndex((token) => token.text === '=' && token.kind === 'punctuation')
  if (equals < 0 || equals > 1) return undefined
  const declared = equals === 1 ? tokens[0]?.text : undefined
  const right = tokens.slice(equals + 1)
  const [first, open] = right
  const converted = first?.kind === 'word' && open?.text === '(' && right.at(-1)?.text === ')'
  const value = constantValue(converted ? right.slice(2, -1) : right)
  const type = declared ?? (converted ? first.text : undefined)
  return value === undefined ? undefined : { ...(type && { type }), value }
}

function constantValue(tokens: readonly Token[]): GoConst['value'] | undefined {
  const [a, dot, b, more] = tokens
  if (a?.kind === 'string' && !dot) return a.text
  if (a?.kind === 'word' && !dot) return { name: a.text }
  if (a?.kind === 'word' && dot?.text === '.' && b?.kind === 'word' && !more) return { pkg: a.text, name: b.text }
  return undefined
}

function baseName(type: GoType): string {
  if (type.kind === 'name') return type.name
  if (type.kind === 'pointer') return baseName(type.to)
  throw new Error('only a named type can be embedded')
}

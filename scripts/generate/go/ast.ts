/** What is kept of a Go file: its types and string constants, with their comments. */

export type GoType =
  /** `pkg` is the import's name in the file, absent for the file's own package and Go's built-in types. */
  | { readonly kind: 'name'; readonly pkg?: string; readonly name: string }
  | { readonly kind: 'pointer'; readonly to: GoType }
  | { readonly kind: 'list'; readonly of: GoType }
  | { readonly kind: 'map'; readonly key: GoType; readonly value: GoType }
  | { readonly kind: 'struct'; readonly fields: readonly GoField[] }
  /** interface{}. */
  | { readonly kind: 'any' }

export interface GoField {
  readonly name: string
  readonly type: GoType
  readonly embedded: boolean
  readonly tags: ReadonlyMap<string, string>
  readonly doc: readonly string[]
}

export interface GoTypeDecl {
  readonly name: string
  readonly type: GoType
  /** `type A = B`: another name for B, not a type of its own. */
  readonly alias: boolean
  readonly doc: readonly string[]
  /** The comment group above `doc`, one blank line apart, where generators look for markers as well. */
  readonly outerDoc: readonly string[]
}

export interface GoConst {
  readonly name: string
  /** The declared type's name, when it is one of the package. */
  readonly type?: string
  /** The string, or the name of another constant that it takes its value from. */
  readonly value: string | { readonly pkg?: string; readonly name: string }
  readonly doc: readonly string[]
}

export interface GoFile {
  readonly packageName: string
  /** Import path by local name. */
  readonly imports: ReadonlyMap<string, string>
  readonly types: readonly GoTypeDecl[]
  readonly consts: readonly GoConst[]
  /** Every comment line above the package clause, where package markers such as +groupName stand. */
  readonly packageDoc: readonly string[]
}

/** What a flag's value is. Booleans may stand alone; files are named from the current folder; lists may be given several times, or with commas. */
export type ApiFlagKind = 'text' | 'file' | 'boolean' | 'number' | 'duration' | 'list'

/** A flag of the API server, under kube-apiserver's name. Both `server` and `up` take it. */
export interface ApiFlag {
  /** Without dashes: audit-policy-file. */
  readonly name: string
  readonly kind: ApiFlagKind
  readonly description: string
}

/** The flags of one subject, which help shows together. */
export interface ApiFlagGroup {
  /** As help heads them: Authentication. */
  readonly title: string
  readonly flags: readonly ApiFlag[]
}

/** What was given, by the flag's name, as it was written; files as absolute paths. */
export type GivenApiFlags = Readonly<Record<string, readonly string[]>>

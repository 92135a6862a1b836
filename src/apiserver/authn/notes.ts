/** Is told what comes up while it is found out who sends a request: warnings for the client, annotations for the audit. */
export interface AuthenticationNotes {
  warn(text: string): void
  annotate(key: string, value: string): void
}

/** Keeps what is noted before there is a call that it could be noted at. */
export class KeptNotes implements AuthenticationNotes {
  readonly warnings: string[] = []
  readonly annotations: (readonly [key: string, value: string])[] = []

  warn(text: string): void {
    this.warnings.push(text)
  }

  annotate(key: string, value: string): void {
    this.annotations.push([key, value])
  }
}

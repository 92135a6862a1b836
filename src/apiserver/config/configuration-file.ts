import type { FileProblem } from '../authz/configuration/validate.ts'

/** A file that is followed while the server runs. */
export interface ConfigurationFile {
  /** What was read first. */
  readonly bytes: Uint8Array
  readonly fileProblem: FileProblem
  /** Lower-case hexadecimal. */
  sha256(bytes: Uint8Array): string
  /** Names the server in metrics. */
  readonly serverId: string
  /** Calls `changed` with what the file holds, or why that cannot be known, whenever that may be something new; returns what ends it. */
  follow(changed: (content: Uint8Array | Error) => void): () => void
}

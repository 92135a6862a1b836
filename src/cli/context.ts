import type { Env } from '../lib/env.ts'
import type { ApiFlagGroup, GivenApiFlags } from './api-flags/flag.ts'

/** Where a command writes. Standard output carries results, standard error everything else. */
export interface Output {
  write(text: string): void
  /** Whether a person reads along. */
  readonly isTerminal: boolean
}

/** What commands are given instead of reaching for the process. */
export interface CliContext {
  readonly env: Env
  readonly environment: NodeJS.ProcessEnv
  readonly out: Output
  readonly err: Output
  /** Aborted when the user interrupts. */
  readonly signal: AbortSignal
  /** The program and first arguments that run this command again, for the server in the background. */
  readonly self: readonly [program: string, ...args: string[]]
  readonly versions: { readonly skiff: string; readonly kubernetes: string; readonly node: string }
  /** The package's own folder, with the example application. */
  readonly packageFolder: string
  readonly runtimes: Runtimes
  /** The API server's flags, which `up` passes on. */
  readonly apiFlags: readonly ApiFlagGroup[]
  /** Throws a UserError when a server could not start with these, or with the files that they name. */
  checkApiFlags(given: GivenApiFlags, cluster: { readonly clusterDomain: string }): Promise<void>
}

/** What commands ask of a container runtime; the composition root connects it. */
export interface Runtimes {
  /**
   * Ends the containers of a cluster's pods, each with its own grace but `graceSeconds` at most, and takes down their
   * sandboxes. `owns` tells by its uid whether a pod is the cluster's. Resolves to how many pods there were.
   */
  stopPods(endpoint: string, options: { graceSeconds: number; owns: (podUid: string) => boolean }): Promise<number>
  listImages(endpoint: string): Promise<readonly ImageRow[]>
}

/** An image as `image ls` shows it. */
export interface ImageRow {
  readonly names: readonly string[]
  readonly id: string
  readonly sizeBytes: number
}

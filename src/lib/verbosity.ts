/**
 * How much is logged, as klog counts: 0 and 1 tell what happens to a cluster, 3 each request, from 4 on also what only helps to find faults. It can be
 * changed while the process runs.
 */
export interface Verbosity {
  level: number
}

/** The level from which on each request is logged. */
export const REQUESTS = 3
/** The level from which on `debug` is logged. */
export const DEBUG = 4

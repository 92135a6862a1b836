import type { ApiFlagGroup } from '../../../cli/api-flags/flag.ts'
import type { ApiFlagValues } from '../../../cli/api-flags/values.ts'

export const OBSERVABILITY_FLAGS: ApiFlagGroup = {
  title: 'Seen from outside',
  flags: [
    {
      name: 'profiling',
      kind: 'boolean',
      description: 'serve /debug/pprof and /debug/flags to whom it is granted (true)',
    },
  ],
}

/** What can be seen of a server from outside. */
export interface ObservabilityConfig {
  /** Whether it is profiled over the API. */
  readonly profiling: boolean
}

export function observabilityConfig(flags: ApiFlagValues): ObservabilityConfig {
  return { profiling: flags.boolean('profiling', true) }
}

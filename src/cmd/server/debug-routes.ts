import { profileRoutes, type Profiler } from '../../apiserver/debugging/profiles.ts'
import { verbosityRoute } from '../../apiserver/debugging/verbosity.ts'
import { zpages } from '../../apiserver/debugging/zpages.ts'
import type { Route } from '../../apiserver/routes/routes.ts'
import type { ClusterSettings } from '../../host/cluster/settings.ts'
import type { Env } from '../../lib/env.ts'
import type { Verbosity } from '../../lib/verbosity.ts'
import { API_FLAGS } from './api-config/flags.ts'

export interface DebugOptions {
  readonly env: Env
  readonly settings: ClusterSettings
  readonly profiling: boolean
  readonly verbosity?: Verbosity | undefined
}

/** What a server tells those who look for faults. */
export function debugRoutes({ env, settings, profiling, verbosity }: DebugOptions): Route[] {
  const pages = zpages({ clock: env.clock, flags: () => flagsOf(settings) })
  if (!profiling) return pages
  return [...pages, ...profileRoutes(lazyProfiler(env)), ...(verbosity ? [verbosityRoute(verbosity)] : [])]
}

/** Nobody waits for the profiler's modules who does not want a profile. */
function lazyProfiler({ clock }: Env): Profiler {
  let loaded: Promise<Profiler> | undefined
  const load = (): Promise<Profiler> =>
    (loaded ??= import('./profiler.ts').then(({ processProfiler }) => processProfiler(clock)))
  return {
    cpu: async (seconds, signal) => (await load()).cpu(seconds, signal),
    heap: async () => (await load()).heap(),
  }
}

/** Every flag of kube-apiserver's that is known, as it was given. */
function flagsOf({ apiFlags = {} }: ClusterSettings): Readonly<Record<string, string>> {
  const names = API_FLAGS.flatMap(({ flags }) => flags.map(({ name }) => name))
  return Object.fromEntries(names.map((name) => [name, (apiFlags[name] ?? []).join(',')]))
}

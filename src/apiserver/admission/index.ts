import { Metrics } from '../metrics/metrics.ts'
import { admissionCounts } from './metrics.ts'
import type { AdmissionConfig } from './config.ts'
import { OWN, REGISTERED, type Registered } from './registered.ts'
import type { AdmissionSources } from './sources.ts'
import type { AdmissionPlugin } from './types.ts'

/** The plugins that stand, in the order they run. A plugin that is both enabled and disabled stands; `admissionProblems` is against that. */
export function admissionPlugins(
  { metrics = new Metrics(), ...given }: Omit<AdmissionSources, 'counts'> & { readonly metrics?: Metrics | undefined },
  config: AdmissionConfig = {},
): readonly AdmissionPlugin[] {
  const sources = { ...given, counts: admissionCounts(metrics) }
  return [...OWN, ...standing(config).flatMap(({ create }) => create?.(sources, config) ?? [])]
}

/** The names of upstream's plugins that stand, in the order they run. */
export const pluginNames = (config: AdmissionConfig): readonly string[] => standing(config).map(({ name }) => name)

function standing({ enable = [], disable = [] }: AdmissionConfig): readonly Registered[] {
  return REGISTERED.filter(({ name, isDefault }) => enable.includes(name) || (isDefault && !disable.includes(name)))
}

/** What is wrong with what was asked for, in upstream's words. */
export function* admissionProblems({ enable = [], disable = [] }: AdmissionConfig): Iterable<string> {
  const known = new Set(REGISTERED.map(({ name }) => name))
  for (const name of enable)
    if (!known.has(name)) yield `enable-admission-plugins plugin ${JSON.stringify(name)} is unknown`
  for (const name of disable)
    if (!known.has(name)) yield `disable-admission-plugins plugin ${JSON.stringify(name)} is unknown`
  const both = [...new Set(enable)].filter((name) => disable.includes(name)).toSorted((a, b) => (a < b ? -1 : 1))
  if (both.length > 0) yield `[${both.join(' ')}] in enable-admission-plugins and disable-admission-plugins overlapped`
}

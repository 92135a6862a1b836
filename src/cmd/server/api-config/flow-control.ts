import { DEFAULT_FLOW_CONTROL, type FlowControlConfig } from '../../../apiserver/flow-control/config.ts'
import type { ApiFlagGroup } from '../../../cli/api-flags/flag.ts'
import type { ApiFlagValues } from '../../../cli/api-flags/values.ts'
import { refused } from './refusals.ts'

export const FLOW_CONTROL_FLAGS: ApiFlagGroup = {
  title: 'Load',
  flags: [
    {
      name: 'enable-priority-and-fairness',
      kind: 'boolean',
      description: 'queue requests by flow and priority, in place of plain limits (true)',
    },
    {
      name: 'max-requests-inflight',
      kind: 'number',
      description: 'reading requests at a time; with the writing ones the seats of all priority levels (400)',
    },
    {
      name: 'max-mutating-requests-inflight',
      kind: 'number',
      description: 'writing requests at a time (200)',
    },
    { name: 'request-timeout', kind: 'duration', description: 'how long a request may take (1m)' },
    {
      name: 'min-request-timeout',
      kind: 'number',
      description: 'seconds that a watch lasts at least that says nothing of it (1800)',
    },
    {
      name: 'goaway-chance',
      kind: 'number',
      description:
        'the part of HTTP/2 requests after which a client comes back over another connection, up to 0.02 (0)',
    },
  ],
}

/** Throws a UserError in upstream's words. */
export function flowControlConfig(flags: ApiFlagValues): FlowControlConfig {
  const defaults = DEFAULT_FLOW_CONTROL
  const config: FlowControlConfig = {
    priorityAndFairness: flags.boolean('enable-priority-and-fairness', defaults.priorityAndFairness),
    maxRequests: atLeastZero(flags.number('max-requests-inflight', defaults.maxRequests), 'max-requests-inflight'),
    maxMutatingRequests: atLeastZero(
      flags.number('max-mutating-requests-inflight', defaults.maxMutatingRequests),
      'max-mutating-requests-inflight',
    ),
    requestTimeoutMs: atLeastZero(flags.duration('request-timeout', defaults.requestTimeoutMs), 'request-timeout'),
    minRequestTimeoutSeconds: atLeastZero(
      flags.number('min-request-timeout', defaults.minRequestTimeoutSeconds),
      'min-request-timeout',
    ),
    goawayChance: flags.number('goaway-chance', defaults.goawayChance),
  }
  if (config.goawayChance < 0 || config.goawayChance > 0.02) {
    throw refused('--goaway-chance can not be less than 0 or greater than 0.02')
  }
  if (config.priorityAndFairness && config.maxRequests + config.maxMutatingRequests <= 0) {
    const both = `MaxRequestsInFlight=${config.maxRequests} and MaxMutatingRequestsInFlight=${config.maxMutatingRequests}`
    throw refused(`invalid configuration: ${both}; they must add up to something positive`)
  }
  return config
}

function atLeastZero(value: number, name: string): number {
  if (value < 0) throw refused(`--${name} can not be negative value`)
  return value
}

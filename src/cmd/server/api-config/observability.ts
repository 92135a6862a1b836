import { readFileSync } from 'node:fs'
import { DecodeError } from '../../../apimachinery/codec/errors.ts'
import { aggregateMessage } from '../../../apimachinery/aggregate.ts'
import { decodeConfig } from '../../../apiserver/config/decode.ts'
import { document, int32, string } from '../../../apiserver/config/shape.ts'
import type { ApiFlagGroup } from '../../../cli/api-flags/flag.ts'
import type { ApiFlagValues } from '../../../cli/api-flags/values.ts'
import { isErrno, messageOf, UserError } from '../../../host/user-error.ts'

export const OBSERVABILITY_FLAGS: ApiFlagGroup = {
  title: 'Seen from outside',
  flags: [
    {
      name: 'profiling',
      kind: 'boolean',
      description: 'serve /debug/pprof and /debug/flags to whom it is granted (true)',
    },
    {
      name: 'tracing-config-file',
      kind: 'file',
      description: 'a TracingConfiguration: where traces of requests go, and of how many in a million',
    },
  ],
}

/** What can be seen of a server from outside. */
export interface ObservabilityConfig {
  /** Whether it is profiled over the API. */
  readonly profiling: boolean
  readonly tracing?: TracingConfig
}

export interface TracingConfig {
  /** Of the collector, which speaks OTLP over gRPC. */
  readonly endpoint: string
  /** Of requests whose callers do not say. */
  readonly samplingRatePerMillion: number
}

/** Throws a UserError in upstream's words. */
export function observabilityConfig(flags: ApiFlagValues): ObservabilityConfig {
  const file = flags.text('tracing-config-file')
  return {
    profiling: flags.boolean('profiling', true),
    ...(file !== undefined && { tracing: tracingConfig(file) }),
  }
}

const TRACING = document('v1.TracingConfiguration', { endpoint: string, samplingRatePerMillion: int32 })
const GROUPS = ['apiserver.config.k8s.io/v1', 'apiserver.config.k8s.io/v1beta1', 'apiserver.config.k8s.io/v1alpha1']
const KINDS = {
  scheme: 'pkg/runtime/scheme.go:111',
  versions: Object.fromEntries(
    [...GROUPS, 'apiserver.k8s.io/v1beta1', 'apiserver.k8s.io/v1alpha1'].map((version) => [
      version,
      { TracingConfiguration: TRACING },
    ]),
  ),
}

/** OTLP's own default. */
const DEFAULT_ENDPOINT = 'localhost:4317'
const MILLION = 1_000_000

function tracingConfig(file: string): TracingConfig {
  const { endpoint = DEFAULT_ENDPOINT, samplingRatePerMillion = 0 } = readTracing(file)
  const problems = [...rateProblems(samplingRatePerMillion), ...endpointProblems(endpoint)]
  if (problems.length > 0) {
    throw new UserError(`failed to validate tracing configuration: ${aggregateMessage(problems)}`)
  }
  return { endpoint, samplingRatePerMillion }
}

function readTracing(file: string): Partial<TracingConfig> {
  try {
    return decodeConfig(readFileSync(file), KINDS).object
  } catch (error) {
    if (error instanceof DecodeError) {
      throw new UserError(
        `failed to read tracing config: unable to decode tracing configuration data: ${error.message}`,
      )
    }
    if (isErrno(error, 'ENOENT')) throw new UserError(`tracing-config-file ${file} does not exist`)
    throw new UserError(
      `failed to read tracing config: unable to read tracing configuration from ${JSON.stringify(file)}: ${messageOf(error)}`,
    )
  }
}

function rateProblems(rate: number): string[] {
  const invalid = (why: string): string[] => [`samplingRatePerMillion: Invalid value: ${rate}: ${why}`]
  if (rate < 0) return invalid('sampling rate must be positive')
  return rate > MILLION ? invalid('sampling rate per million must be less than or equal to one million') : []
}

function endpointProblems(endpoint: string): string[] {
  const scheme = endpoint.includes('//') ? endpoint.slice(0, endpoint.indexOf(':')) : 'dns'
  if (['dns', 'unix', 'unix-abstract'].includes(scheme)) return []
  const see = 'See https://github.com/grpc/grpc/blob/master/doc/naming.md'
  return [
    `endpoint: Invalid value: ${JSON.stringify(endpoint)}: unsupported scheme: ${scheme}.  Options are none, dns, unix, or unix-abstract.  ${see}`,
  ]
}

import { createHash } from 'node:crypto'
import { statSync } from 'node:fs'
import { type AbacPolicy, parsePolicies } from '../../../apiserver/authz/abac/policy.ts'
import type { AuthorizationOptions } from '../../../apiserver/authz/configuration/configured.ts'
import { loadConfiguration } from '../../../apiserver/authz/configuration/load.ts'
import {
  type AuthorizationConfiguration,
  type AuthorizerConfiguration,
  DEFAULT_CONFIGURATION,
  type Mode,
  MODES,
} from '../../../apiserver/authz/configuration/types.ts'
import { aggregateMessage } from '../../../apimachinery/aggregate.ts'
import type { ApiFlagGroup } from '../../../cli/api-flags/flag.ts'
import type { ApiFlagValues } from '../../../cli/api-flags/values.ts'
import { messageOf } from '../../../host/user-error.ts'
import type { Clock } from '../../../lib/clock.ts'
import { followFile } from '../file-watch.ts'
import { remoteService } from '../remote-service.ts'
import { goReason, readFlagFile, refused } from './refusals.ts'

export const AUTHORIZATION_FLAGS: ApiFlagGroup = {
  title: 'Authorization',
  flags: [
    {
      name: 'authorization-mode',
      kind: 'list',
      description: `how requests are authorized, in order, of ${MODES.join(',')} (Node,RBAC)`,
    },
    {
      name: 'authorization-policy-file',
      kind: 'file',
      description: 'policies in JSON, one to the line, for --authorization-mode=ABAC',
    },
    {
      name: 'authorization-webhook-config-file',
      kind: 'file',
      description: 'a kubeconfig that names the service to ask, for --authorization-mode=Webhook',
    },
    {
      name: 'authorization-webhook-version',
      kind: 'text',
      description: 'the version of SubjectAccessReview that the service is asked with, v1 or v1beta1 (v1beta1)',
    },
    {
      name: 'authorization-webhook-cache-authorized-ttl',
      kind: 'duration',
      description: 'how long it is remembered that the service has allowed something (5m0s)',
    },
    {
      name: 'authorization-webhook-cache-unauthorized-ttl',
      kind: 'duration',
      description: 'how long it is remembered that it has not (30s)',
    },
    {
      name: 'authorization-config',
      kind: 'file',
      description:
        'an AuthorizationConfiguration in place of the flags --authorization-mode and --authorization-webhook-*; it is read anew when it changes',
    },
  ],
}

const EXCLUSIVE = [
  'authorization-mode',
  'authorization-webhook-config-file',
  'authorization-webhook-version',
  'authorization-webhook-cache-authorized-ttl',
  'authorization-webhook-cache-unauthorized-ttl',
]

/** How requests are authorized. */
export interface AuthorizationConfig {
  readonly configuration: AuthorizationConfiguration
  /** Of --authorization-policy-file. */
  readonly policies?: readonly AbacPolicy[]
  /** Of --authorization-config. */
  readonly file?: { readonly path: string; readonly bytes: Uint8Array }
}

/** Throws a UserError in upstream's words for what cannot be. */
export function authorizationConfig(flags: ApiFlagValues): AuthorizationConfig {
  const path = flags.text('authorization-config')
  const config = path === undefined ? ofFlags(flags) : ofFile(path, flags)
  const policyFile = flags.text('authorization-policy-file')
  if (!config.configuration.authorizers.some(({ type }) => type === 'ABAC')) return config
  return { ...config, policies: readPolicies(policyFile ?? '') }
}

function ofFile(path: string, flags: ApiFlagValues): AuthorizationConfig {
  if (EXCLUSIVE.some((name) => flags.has(name)))
    throw refused(
      '--authorization-config can not be specified when --authorization-mode or --authorization-webhook-* flags are defined',
    )
  const bytes = readFlagFile(path)
  try {
    return { configuration: loadConfiguration(bytes, fileProblem), file: { path, bytes } }
  } catch (error) {
    throw refused(messageOf(error), error)
  }
}

function ofFlags(flags: ApiFlagValues): AuthorizationConfig {
  if (!flags.has('authorization-mode') && !EXCLUSIVE.some((name) => flags.has(name)))
    return flags.has('authorization-policy-file')
      ? refuseAll(flags, ['Node', 'RBAC'])
      : { configuration: DEFAULT_CONFIGURATION }
  const modes = flags.has('authorization-mode') ? flags.list('authorization-mode') : ['Node', 'RBAC']
  const problems = [...problemsOf(modes, flags)]
  if (problems.length > 0) throw refused(aggregateMessage(problems))
  return { configuration: { authorizers: modes.map((mode) => authorizerOf(mode as Mode, flags)) } }
}

function refuseAll(flags: ApiFlagValues, modes: readonly string[]): never {
  throw refused(aggregateMessage([...problemsOf(modes, flags)]))
}

function* problemsOf(modes: readonly string[], flags: ApiFlagValues): Iterable<string> {
  const has = (name: string): boolean => (flags.text(name) ?? '') !== ''
  const [policies, webhook] = [has('authorization-policy-file'), has('authorization-webhook-config-file')]
  if (modes.length === 0) yield 'at least one authorization-mode must be passed'
  for (const mode of modes) {
    if (!(MODES as readonly string[]).includes(mode)) yield `authorization-mode "${mode}" is not a valid mode`
    if (mode === 'ABAC' && !policies) yield "authorization-mode ABAC's authorization policy file not passed"
    if (mode === 'Webhook' && !webhook) yield "authorization-mode Webhook's authorization config file not passed"
  }
  if (policies && !modes.includes('ABAC')) yield 'cannot specify --authorization-policy-file without mode ABAC'
  if (webhook && !modes.includes('Webhook'))
    yield 'cannot specify --authorization-webhook-config-file without mode Webhook'
  if (new Set(modes).size < modes.length) {
    const shown = modes.map((mode) => JSON.stringify(mode)).join(' ')
    yield `authorization-mode [${shown}] has mode specified more than once`
  }
}

const LEGACY_TIMEOUT_MS = 30_000

function authorizerOf(mode: Mode, flags: ApiFlagValues): AuthorizerConfiguration {
  if (mode !== 'Webhook') return { type: mode, name: mode.toLowerCase() }
  const version = flags.text('authorization-webhook-version') ?? 'v1beta1'
  if (version !== 'v1' && version !== 'v1beta1')
    throw refused(`unsupported webhook authorizer version "${version}", supported versions are "v1", "v1beta1"`)
  return {
    type: 'Webhook',
    name: 'default',
    webhook: {
      authorizedTtlMs: flags.duration('authorization-webhook-cache-authorized-ttl', 300_000),
      unauthorizedTtlMs: flags.duration('authorization-webhook-cache-unauthorized-ttl', 30_000),
      timeoutMs: LEGACY_TIMEOUT_MS,
      version,
      failurePolicy: 'NoOpinion',
      kubeConfigFile: flags.text('authorization-webhook-config-file') ?? '',
      matchConditions: [],
    },
  }
}

/** What a guard needs of it. `serverId` names the server in metrics. */
export function authorizationOptions(
  { file, ...config }: AuthorizationConfig,
  { clock, serverId }: { readonly clock: Clock; readonly serverId: string },
): AuthorizationOptions {
  return {
    ...config,
    connect({ kubeConfigFile, timeoutMs }) {
      if (kubeConfigFile === undefined)
        throw refused('connectionInfo.type InClusterConfig is not allowed for kube-apiserver: it would ask itself')
      return remoteService(kubeConfigFile, timeoutMs, clock)
    },
    ...(file && {
      file: {
        bytes: file.bytes,
        fileProblem,
        serverId,
        sha256: (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex'),
        follow: (changed: (content: Uint8Array | Error) => void) => followFile(file.path, clock, changed),
      },
    }),
  }
}

function fileProblem(path: string): string | undefined {
  try {
    return statSync(path).isFile() ? undefined : 'must be a regular file'
  } catch (error) {
    return `error loading file: stat ${path}: ${goReason(error)}`
  }
}

function readPolicies(path: string): readonly AbacPolicy[] {
  const text = new TextDecoder().decode(readFlagFile(path))
  try {
    return parsePolicies(text, path)
  } catch (error) {
    throw refused(messageOf(error), error)
  }
}

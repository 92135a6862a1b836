import { DecodeError } from '../../../apimachinery/codec/errors.ts'
import { parseDuration } from '../../../apimachinery/duration/duration.ts'
import { aggregateMessage } from '../../../apimachinery/aggregate.ts'
import { decodeConfig } from '../../config/decode.ts'
import { AUTHORIZATION_CONFIGURATION, type WrittenConfiguration, type WrittenWebhook } from './schema.ts'
import type { AuthorizationConfiguration, AuthorizerConfiguration, Mode, WebhookConfiguration } from './types.ts'
import { type FileProblem, validateConfiguration } from './validate.ts'

const DEFAULT_AUTHORIZED_TTL = '5m0s'
const DEFAULT_UNAUTHORIZED_TTL = '30s'

/**
 * Reads an AuthorizationConfiguration, YAML or JSON, with defaults. Throws an Error in upstream's words for what is not one or is not valid;
 * `required` are the ways that must stay (LoadAndValidateData).
 */
export function loadConfiguration(
  bytes: Uint8Array,
  fileProblem: FileProblem,
  required: ReadonlySet<Mode> = new Set(),
): AuthorizationConfiguration {
  const written = bytes.length === 0 ? {} : decoded(bytes)
  const { authorizers = [] } = written
  const completed = {
    authorizers: (authorizers ?? []).map(({ webhook, ...one }) => ({
      ...one,
      ...(webhook && { webhook: withDefaults(webhook) }),
    })),
  }
  const findings = [...validateConfiguration(completed, fileProblem)].map(
    ({ field, message }) => `${field}: ${message}`,
  )
  if (findings.length > 0) throw new Error(aggregateMessage(findings))
  const wrongNames = [...misnamed(completed), ...missing(completed, required)]
  if (wrongNames.length > 0) throw new Error(aggregateMessage(wrongNames))
  return { authorizers: completed.authorizers.map(authorizerOf) }
}

function decoded(bytes: Uint8Array): WrittenConfiguration {
  try {
    const { object, kind } = decodeConfig(bytes, AUTHORIZATION_CONFIGURATION)
    if (kind === 'AuthorizationConfiguration') return object
    throw new DecodeError(`expected AuthorizationConfiguration, got *apiserver.${kind}`)
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error
    throw new Error(`failed to load AuthorizationConfiguration from file: ${error.message}`, { cause: error })
  }
}

const isZero = (duration: string | undefined): boolean => duration === undefined || parseDuration(duration) === 0

function withDefaults(webhook: WrittenWebhook): WrittenWebhook {
  const { authorizedTTL, unauthorizedTTL } = webhook
  return {
    ...webhook,
    ...(isZero(authorizedTTL) && { authorizedTTL: DEFAULT_AUTHORIZED_TTL }),
    ...(isZero(unauthorizedTTL) && { unauthorizedTTL: DEFAULT_UNAUTHORIZED_TTL }),
  }
}

/** What is no webhook is named as it is called. */
function* misnamed({ authorizers = [] }: WrittenConfiguration): Iterable<string> {
  for (const { type = '', name = '' } of authorizers) {
    const expected = type.toLowerCase()
    if (type !== 'Webhook' && name !== expected)
      yield `expected name ${expected} for authorizer ${type} instead of ${name}`
  }
}

function* missing({ authorizers = [] }: WrittenConfiguration, required: ReadonlySet<string>): Iterable<string> {
  const there = new Set(authorizers.map(({ type }) => type))
  const gone = [...required].filter((type) => !there.has(type)).sort()
  if (gone.length > 0) yield `missing required types: [${gone.join(' ')}]`
}

/** Of what has been validated. */
function authorizerOf({
  type,
  name = '',
  webhook,
}: NonNullable<WrittenConfiguration['authorizers']>[number]): AuthorizerConfiguration {
  if (type !== 'Webhook' || !webhook) return { type: type as Exclude<Mode, 'Webhook'>, name }
  return { type, name, webhook: webhookOf(webhook) }
}

function webhookOf(webhook: WrittenWebhook): WebhookConfiguration {
  const { cacheAuthorizedRequests = true, cacheUnauthorizedRequests = true, connectionInfo } = webhook
  const ms = (duration: string | undefined): number => parseDuration(duration ?? '0s')
  return {
    authorizedTtlMs: cacheAuthorizedRequests ? ms(webhook.authorizedTTL) : 0,
    unauthorizedTtlMs: cacheUnauthorizedRequests ? ms(webhook.unauthorizedTTL) : 0,
    timeoutMs: ms(webhook.timeout),
    version: webhook.subjectAccessReviewVersion === 'v1beta1' ? 'v1beta1' : 'v1',
    failurePolicy: webhook.failurePolicy === 'Deny' ? 'Deny' : 'NoOpinion',
    kubeConfigFile: connectionInfo?.type === 'InClusterConfig' ? undefined : (connectionInfo?.kubeConfigFile ?? ''),
    matchConditions: (webhook.matchConditions ?? []).map(({ expression = '' }) => expression),
  }
}

import { formatDurationNanos } from '../../../apimachinery/duration/duration.ts'
import { ExternalKeys, type ExternalKeysMeter } from '../../../apiserver/authn/service-account/external-keys.ts'
import { EXTENDED_SECONDS } from '../../../apiserver/authn/service-account/issuer.ts'
import type { AccountTokenKeys } from '../../../apiserver/authn/service-account/keys.ts'
import type { AccountTokenConfig } from '../../../apiserver/guard.ts'
import type { Metrics } from '../../../apiserver/metrics/metrics.ts'
import { UserError, messageOf } from '../../../host/user-error.ts'
import type { Env } from '../../../lib/env.ts'
import type { CallMeter } from '../../../store/unix-grpc/caller.ts'
import { codeOf } from '../../../store/unix-grpc/error.ts'
import { signerClient } from './client.ts'

export interface ExternalSignerOptions {
  /** Of --service-account-signing-endpoint. */
  readonly endpoint: string
  readonly accountTokens: AccountTokenConfig
  readonly env: Env
  readonly metrics: Metrics
}

/** A signer that has told its keys. */
export interface OpenSigner {
  readonly keys: AccountTokenKeys
  /** No longer than the signer's tokens last. */
  readonly accountTokens: AccountTokenConfig
  close(): void
}

const LEAST_SECONDS = 600

/** Connects with who signs service account tokens, and waits up to a minute for it. Rejects with a UserError in upstream's words. */
export async function openExternalSigner(options: ExternalSignerOptions): Promise<OpenSigner> {
  const { endpoint, env, metrics } = options
  const meter = externalSignerMeter(metrics, env)
  const signer = signerClient({ endpoint, monotonic: () => env.clock.monotonic(), meter: meter.called })
  const keys = new ExternalKeys({ signer, env, meter })
  const close = (): void => {
    keys.stop()
    signer.close()
  }
  try {
    await keys.start()
    const { maxTokenExpirationSeconds: most } = await signer.metadata()
    return { keys, accountTokens: within(options.accountTokens, most, env), close }
  } catch (error) {
    close()
    if (error instanceof UserError) throw error
    throw new UserError(`while setting up external-jwt-signer: ${messageOf(error)}`, {
      cause: error,
      hints: [`does the signer listen at ${endpoint}?`],
    })
  }
}

function within(tokens: AccountTokenConfig, most: number, { log }: Pick<Env, 'log'>): AccountTokenConfig {
  if (most < LEAST_SECONDS) {
    throw new UserError(
      `max token life supported by external-jwt-signer (${most}s) is less than acceptable (min ${LEAST_SECONDS}s)`,
    )
  }
  const { maxExpirationSeconds: wanted = most, extendExpiration = true } = tokens
  if (wanted > most) {
    throw new UserError(
      `service-account-max-token-expiration cannot be set longer than the token expiration supported by service-account-signing-endpoint: ${duration(wanted)} > ${duration(most)}`,
    )
  }
  const extended = Math.min(most, EXTENDED_SECONDS)
  if (extendExpiration && extended < EXTENDED_SECONDS) {
    log.warn('tokens of containers are extended no longer than the external signer supports', { seconds: extended })
  }
  return { ...tokens, maxExpirationSeconds: wanted, maxExtendedSeconds: extended }
}

const duration = (seconds: number): string => formatDurationNanos(BigInt(seconds) * 1_000_000_000n)

/** What is counted, under upstream's names. */
export function externalSignerMeter(
  metrics: Metrics,
  { clock }: Pick<Env, 'clock'>,
): ExternalKeysMeter & { readonly called: CallMeter } {
  const prefix = 'apiserver_externaljwt_'
  const gauge = (name: string, help: string) => metrics.gauge({ name: prefix + name, help, stability: 'ALPHA' }).of()
  const counter = (name: string, help: string) =>
    metrics.counter({ name: prefix + name, help, labels: ['code'], stability: 'ALPHA' })
  const lastFetch = gauge(
    'fetch_keys_success_timestamp',
    'Unix Timestamp in seconds of the last successful FetchKeys request',
  )
  const data = gauge(
    'fetch_keys_data_timestamp',
    'Unix Timestamp in seconds of the last successful FetchKeys data_timestamp value returned by the external signer',
  )
  const fetches = counter('fetch_keys_request_total', 'Total attempts at syncing supported JWKs')
  const signs = counter('sign_request_total', 'Total attempts at signing JWT')
  const durations = metrics.histogram({
    name: `${prefix}request_duration_seconds`,
    help: 'Request duration and time for calls to external-jwt-signer',
    stability: 'ALPHA',
    labels: ['method', 'code'],
    buckets: [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60],
  })
  return {
    signed: (error) => signs.of(codeOf(error)).inc(),
    fetched(error) {
      fetches.of(codeOf(error)).inc()
      if (error === undefined) lastFetch.set(clock.now() / 1000)
    },
    dataAsOf: (timestamp) => data.set(timestamp),
    called: (method, seconds, code) => durations.of(method, code).observe(seconds),
  }
}

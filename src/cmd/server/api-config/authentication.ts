import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { aggregatedFields, loadAuthenticationConfiguration } from '../../../apiserver/authn/configuration/load.ts'
import type { AnonymousConfig, AuthenticationConfiguration } from '../../../apiserver/authn/configuration/schema.ts'
import { validateAuthenticationConfiguration } from '../../../apiserver/authn/configuration/validate.ts'
import type { AuthenticationOptions } from '../../../apiserver/authn/configured.ts'
import { demandNoEgress } from '../../../apiserver/authn/jwt/authenticator.ts'
import { SIGNING_ALGORITHMS } from '../../../apiserver/authn/jwt/jws.ts'
import { DEFAULT_ISSUER } from '../../../apiserver/authn/service-account/issuer.ts'
import { parseTokenFile } from '../../../apiserver/authn/static-tokens.ts'
import type { UserInfo } from '../../../apiserver/authn/types.ts'
import { issuerFetch } from '../../../apiserver/http/issuer-fetch.ts'
import type { ApiFlagGroup } from '../../../cli/api-flags/flag.ts'
import type { ApiFlagValues } from '../../../cli/api-flags/values.ts'
import { UserError, messageOf } from '../../../host/user-error.ts'
import type { Clock } from '../../../lib/clock.ts'
import { followFile } from '../file-watch.ts'
import { remoteService } from '../remote-service.ts'
import { type AccountConfig, accountConfig, ACCOUNT_FLAGS } from './account-flags.ts'
import { type CertificateConfig, certificateConfig, CERTIFICATE_FLAGS } from './certificate-flags.ts'
import { issuerOfFlags, OIDC_FLAGS } from './oidc-flags.ts'
import { readFlagFile, refused } from './refusals.ts'

export const AUTHENTICATION_FLAGS: ApiFlagGroup = {
  title: 'Authentication',
  flags: [
    {
      name: 'token-auth-file',
      kind: 'file',
      description: 'a CSV file of static bearer tokens: token,user,uid[,"group1,group2"]',
    },
    {
      name: 'enable-bootstrap-token-auth',
      kind: 'boolean',
      description: 'let new nodes in by tokens of Secrets in kube-system',
    },
    {
      name: 'anonymous-auth',
      kind: 'boolean',
      description: 'let strangers in, as system:anonymous of the group system:unauthenticated (true)',
    },
    {
      name: 'authentication-config',
      kind: 'file',
      description:
        'an AuthenticationConfiguration: issuers of tokens, and where strangers are let in; its issuers are read anew when it changes',
    },
    ...OIDC_FLAGS,
    ...ACCOUNT_FLAGS,
    ...CERTIFICATE_FLAGS,
    {
      name: 'authentication-token-webhook-config-file',
      kind: 'file',
      description: 'a kubeconfig that names the service to ask whose a bearer token is',
    },
    {
      name: 'authentication-token-webhook-version',
      kind: 'text',
      description: 'the version of TokenReview that the service is asked with, v1 or v1beta1 (v1beta1)',
    },
    {
      name: 'authentication-token-webhook-cache-ttl',
      kind: 'duration',
      description: 'how long it is remembered what the service said (2m0s)',
    },
  ],
}

/** Who is known beside the holders of the cluster's certificates and service accounts. */
export interface AuthenticationConfig {
  /** Users by their token. */
  readonly staticTokens?: ReadonlyMap<string, UserInfo>
  /** Whether tokens of Secrets let new nodes in. */
  readonly bootstrapTokens: boolean
  /** Where strangers are let in. */
  readonly anonymous: AnonymousConfig
  /** Issuers of tokens. */
  readonly configuration: AuthenticationConfiguration
  readonly algorithms: readonly string[]
  /** Of --authentication-config. */
  readonly file?: { readonly path: string; readonly bytes: Uint8Array }
  /** Service account tokens. */
  readonly accounts: AccountConfig
  /** Authorities beside the cluster's own. */
  readonly certificates: CertificateConfig
  readonly webhook?: {
    readonly kubeconfig: string
    readonly version: 'v1' | 'v1beta1'
    readonly cacheTtlMs: number
  }
}

/** Throws a UserError in upstream's words for what cannot be. `ownIssuer` signs service account tokens unless flags say otherwise. */
export function authenticationConfig(flags: ApiFlagValues, ownIssuer: string = DEFAULT_ISSUER): AuthenticationConfig {
  const tokens = flags.text('token-auth-file')
  const path = flags.text('authentication-config')
  const webhook = webhookOf(flags)
  const read = (file: string): string => new TextDecoder().decode(readFlagFile(file))
  const accounts = accountConfig(flags, read)
  const issuers = path === undefined ? ofFlags(flags, read) : ofFile(path, flags)
  demandValid(issuers.configuration, accounts.accountTokens.issuers ?? [ownIssuer])
  return {
    ...(tokens !== undefined && { staticTokens: readTokenFile(tokens) }),
    bootstrapTokens: flags.boolean('enable-bootstrap-token-auth', false),
    ...issuers,
    accounts,
    certificates: certificateConfig(flags, read),
    ...(webhook && { webhook }),
  }
}

type Issuers = Pick<AuthenticationConfig, 'anonymous' | 'configuration' | 'algorithms' | 'file'>

function ofFlags(flags: ApiFlagValues, read: (file: string) => string): Issuers {
  const issuer = issuerOfFlags(flags, read)
  const configuration = issuer ? { jwt: [issuer.config] } : {}
  return {
    anonymous: { enabled: flags.boolean('anonymous-auth', true) },
    configuration,
    algorithms: issuer?.algorithms ?? [],
  }
}

function ofFile(path: string, flags: ApiFlagValues): Issuers {
  if (OIDC_FLAGS.some(({ name }) => flags.has(name))) {
    throw refused('authentication-config file and oidc-* flags are mutually exclusive')
  }
  const bytes = readFlagFile(path, `failed to load authentication configuration from file ${JSON.stringify(path)}: `)
  const configuration = loaded(path, bytes)
  if (configuration.anonymous && flags.has('anonymous-auth')) {
    throw refused(
      'anonymous: Forbidden: --anonymous-auth flag cannot be set when anonymous field is configured in authentication configuration file',
    )
  }
  const anonymous = configuration.anonymous ?? { enabled: flags.boolean('anonymous-auth', true) }
  return { anonymous, configuration, algorithms: SIGNING_ALGORITHMS, file: { path, bytes } }
}

function loaded(path: string, bytes: Uint8Array): AuthenticationConfiguration {
  try {
    return loadAuthenticationConfiguration(bytes)
  } catch (error) {
    const file = JSON.stringify(path)
    throw refused(`failed to load authentication configuration from file ${file}: ${messageOf(error)}`, error)
  }
}

function demandValid(configuration: AuthenticationConfiguration, accountIssuers: readonly string[]): void {
  const problem = aggregatedFields(validateAuthenticationConfiguration(configuration, accountIssuers))
  if (problem !== undefined) throw refused(`invalid authentication configuration: ${problem}`)
  try {
    configuration.jwt?.forEach(demandNoEgress)
  } catch (error) {
    throw refused(messageOf(error), error)
  }
}

function webhookOf(flags: ApiFlagValues): AuthenticationConfig['webhook'] {
  const kubeconfig = flags.text('authentication-token-webhook-config-file')
  if (kubeconfig === undefined) return undefined
  const version = flags.text('authentication-token-webhook-version') ?? 'v1beta1'
  if (version !== 'v1' && version !== 'v1beta1') {
    throw refused(
      `unsupported authentication webhook version ${JSON.stringify(version)}, supported versions are "v1", "v1beta1"`,
    )
  }
  return { kubeconfig, version, cacheTtlMs: flags.duration('authentication-token-webhook-cache-ttl', 120_000) }
}

const WEBHOOK_TIMEOUT_MS = 30_000

/** What a guard needs of it. `serverId` names the server in metrics. Throws a UserError for a kubeconfig that cannot be used. */
export function authenticationOptions(
  {
    file,
    webhook,
    anonymous,
    configuration,
    algorithms,
    staticTokens,
    bootstrapTokens,
    accounts,
  }: AuthenticationConfig,
  { clock, serverId }: { readonly clock: Clock; readonly serverId: string },
): AuthenticationOptions &
  Pick<AuthenticationConfig, 'staticTokens' | 'bootstrapTokens'> &
  Pick<AccountConfig, 'accountTokens'> {
  const hasIssuers = file !== undefined || (configuration.jwt ?? []).length > 0
  return {
    ...(staticTokens && { staticTokens }),
    bootstrapTokens,
    accountTokens: accounts.accountTokens,
    anonymous,
    ...(hasIssuers && {
      issuers: { configuration, algorithms, fetch: issuerFetch(), serverId, ...(file && { file: followed(file) }) },
    }),
    ...(webhook && {
      tokenWebhook: { ...webhook, service: remoteService(webhook.kubeconfig, WEBHOOK_TIMEOUT_MS, clock) },
    }),
  }

  function followed({ path, bytes }: NonNullable<typeof file>) {
    return {
      bytes,
      serverId,
      sha256: (content: Uint8Array) => createHash('sha256').update(content).digest('hex'),
      follow: (changed: (content: Uint8Array | Error) => void) => followFile(path, clock, changed),
    }
  }
}

function readTokenFile(file: string): ReturnType<typeof parseTokenFile> {
  try {
    return parseTokenFile(readFileSync(file, 'utf8'))
  } catch (error) {
    throw new UserError(`cannot read the tokens in ${file}: ${messageOf(error)}`)
  }
}

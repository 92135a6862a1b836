import type { JwtAuthenticatorConfig } from '../../../apiserver/authn/configuration/schema.ts'
import { SIGNING_ALGORITHMS } from '../../../apiserver/authn/jwt/jws.ts'
import type { ApiFlag } from '../../../cli/api-flags/flag.ts'
import type { ApiFlagValues } from '../../../cli/api-flags/values.ts'
import { refused } from './refusals.ts'

/** The flags that name one issuer, from before there was a file for it. */
export const OIDC_FLAGS: readonly ApiFlag[] = [
  { name: 'oidc-issuer-url', kind: 'text', description: 'the URL of an issuer of tokens, over https' },
  { name: 'oidc-client-id', kind: 'text', description: 'whom its tokens must be for' },
  {
    name: 'oidc-ca-file',
    kind: 'file',
    description: 'who may have signed its certificate; else those the host trusts',
  },
  { name: 'oidc-username-claim', kind: 'text', description: 'the claim that names the user (sub)' },
  {
    name: 'oidc-username-prefix',
    kind: 'text',
    description: "what names of users begin with, - for nothing; the issuer's URL and # for claims other than email",
  },
  { name: 'oidc-groups-claim', kind: 'text', description: 'the claim that names groups' },
  { name: 'oidc-groups-prefix', kind: 'text', description: 'what names of groups begin with' },
  { name: 'oidc-signing-algs', kind: 'list', description: 'what its tokens may be signed with (RS256)' },
  {
    name: 'oidc-required-claim',
    kind: 'text',
    description: 'key=value that a token must say; may be given several times',
  },
]

export interface FlaggedIssuer {
  readonly config: JwtAuthenticatorConfig
  readonly algorithms: readonly string[]
}

/** The issuer that the flags name, if they name one. Throws a UserError in upstream's words for what cannot be. */
export function issuerOfFlags(flags: ApiFlagValues, read: (file: string) => string): FlaggedIssuer | undefined {
  if (!OIDC_FLAGS.some(({ name }) => flags.has(name))) return undefined
  const [url = '', audience = ''] = [flags.text('oidc-issuer-url'), flags.text('oidc-client-id')]
  if (url === '' || audience === '') {
    throw refused('oidc-issuer-url and oidc-client-id must be specified together when any oidc-* flags are set')
  }
  const algorithms = flags.has('oidc-signing-algs') ? flags.list('oidc-signing-algs') : ['RS256']
  const unknown = algorithms.find((algorithm) => !(SIGNING_ALGORITHMS as readonly string[]).includes(algorithm))
  if (unknown !== undefined) throw refused(`oidc: unsupported signing alg: ${JSON.stringify(unknown)}`)
  const caFile = flags.text('oidc-ca-file')
  const rules = requiredClaims(flags)
  const config: JwtAuthenticatorConfig = {
    issuer: { url, audiences: [audience], ...(caFile !== undefined && { certificateAuthority: read(caFile) }) },
    claimMappings: mappingsOf(flags, url),
    ...(rules.length > 0 && { claimValidationRules: rules }),
  }
  return { config, algorithms }
}

function mappingsOf(flags: ApiFlagValues, url: string): NonNullable<JwtAuthenticatorConfig['claimMappings']> {
  const claim = flags.text('oidc-username-claim') ?? 'sub'
  const given = flags.text('oidc-username-prefix') ?? ''
  const prefix = given === '' && claim !== 'email' ? `${url}#` : given === '-' ? '' : given
  const groups = flags.text('oidc-groups-claim') ?? ''
  return {
    username: { claim, prefix },
    ...(groups !== '' && { groups: { claim: groups, prefix: flags.text('oidc-groups-prefix') ?? '' } }),
  }
}

function requiredClaims(flags: ApiFlagValues): { readonly claim: string; readonly requiredValue: string }[] {
  const required = new Map<string, string>()
  for (const text of flags.texts('oidc-required-claim')) {
    const equals = text.indexOf('=')
    if (equals < 0) {
      const why = `malformed pair, expect string=string`
      throw refused(`invalid argument ${JSON.stringify(text)} for "--oidc-required-claim" flag: ${why}`)
    }
    required.set(text.slice(0, equals).trim(), text.slice(equals + 1).trim())
  }
  return [...required].map(([claim, requiredValue]) => ({ claim, requiredValue }))
}

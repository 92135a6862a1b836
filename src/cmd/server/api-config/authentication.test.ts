import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import type { GivenApiFlags } from '../../../cli/api-flags/flag.ts'
import { testCertificate } from '../../../apiserver/http/test-certificate.ts'
import { ApiFlagValues } from '../../../cli/api-flags/values.ts'
import { UserError } from '../../../host/user-error.ts'
import { authenticationConfig } from './authentication.ts'

const folder = mkdtempSync(join(tmpdir(), 'skiff-authentication-'))
after(() => rmSync(folder, { recursive: true }))

function file(name: string, text: string): string {
  const path = join(folder, name)
  writeFileSync(path, text)
  return path
}

const of = (given: GivenApiFlags): ReturnType<typeof authenticationConfig> =>
  authenticationConfig(new ApiFlagValues(given))
const OIDC = { 'oidc-issuer-url': ['https://i.example'], 'oidc-client-id': ['a'] }
const HEAD = 'apiVersion: apiserver.config.k8s.io/v1\nkind: AuthenticationConfiguration\n'
const good = file('good.yaml', `${HEAD}anonymous: {enabled: true, conditions: [{path: /livez}]}\n`)
const jwt = file(
  'jwt.yaml',
  `${HEAD}jwt: [{issuer: {url: "https://i", audiences: [a]}, claimMappings: {username: {claim: sub, prefix: ""}}}]\n`,
)

test('without flags strangers are let in, and no issuer is known', () => {
  const { anonymous, configuration, file: read, webhook } = of({})
  assert.deepEqual(
    { anonymous, configuration, read, webhook },
    { anonymous: { enabled: true }, configuration: {}, read: undefined, webhook: undefined },
  )
})

test('the flags of one issuer are a configuration of one', () => {
  const ca = file('no-ca', 'x')
  const given = {
    ...OIDC,
    'oidc-groups-claim': ['groups'],
    'oidc-groups-prefix': ['g:'],
    'oidc-required-claim': ['a=b=c', 'd = e'],
    'oidc-signing-algs': ['RS256,ES256'],
  }
  const { configuration, algorithms } = of(given)
  assert.deepEqual(algorithms, ['RS256', 'ES256'])
  assert.deepEqual(configuration.jwt, [
    {
      issuer: { url: 'https://i.example', audiences: ['a'] },
      claimMappings: {
        username: { claim: 'sub', prefix: 'https://i.example#' },
        groups: { claim: 'groups', prefix: 'g:' },
      },
      claimValidationRules: [
        { claim: 'a', requiredValue: 'b=c' },
        { claim: 'd', requiredValue: 'e' },
      ],
    },
  ])
  const prefixOf = (more: GivenApiFlags): unknown =>
    of({ ...OIDC, ...more }).configuration.jwt?.[0]?.claimMappings?.username?.prefix
  assert.equal(prefixOf({ 'oidc-username-claim': ['email'] }), '')
  assert.equal(prefixOf({ 'oidc-username-prefix': ['-'] }), '')
  assert.equal(prefixOf({ 'oidc-username-claim': ['email'], 'oidc-username-prefix': ['x:'] }), 'x:')
  assert.throws(
    () => of({ ...OIDC, 'oidc-ca-file': [ca] }),
    /certificateAuthority: Invalid value: "<omitted>": data does not contain any valid RSA or ECDSA certificates/,
  )
})

test('the issuer of a cluster with another domain is its own', () => {
  const issuer = 'https://kubernetes.default.svc.example.org'
  const given = { ...OIDC, 'oidc-issuer-url': [issuer] }
  assert.throws(() => authenticationConfig(new ApiFlagValues(given), issuer), /URL must not overlap with disallowed/)
  assert.equal(of(given).configuration.jwt?.length, 1)
})

test('a file says where strangers are let in, and the flag where the file does not', () => {
  assert.deepEqual(of({ 'authentication-config': [good] }).anonymous, {
    enabled: true,
    conditions: [{ path: '/livez' }],
  })
  assert.deepEqual(of({ 'authentication-config': [jwt], 'anonymous-auth': ['false'] }).anonymous, { enabled: false })
})

const REFUSED: readonly (readonly [GivenApiFlags, string | RegExp])[] = [
  [
    { 'oidc-issuer-url': ['https://i'] },
    'oidc-issuer-url and oidc-client-id must be specified together when any oidc-* flags are set',
  ],
  [
    { 'oidc-groups-claim': ['g'] },
    'oidc-issuer-url and oidc-client-id must be specified together when any oidc-* flags are set',
  ],
  [
    { ...OIDC, 'oidc-issuer-url': ['http://i'] },
    'invalid authentication configuration: jwt[0].issuer.url: Invalid value: "http://i": URL scheme must be https',
  ],
  [{ ...OIDC, 'oidc-signing-algs': ['HS256'] }, 'oidc: unsupported signing alg: "HS256"'],
  [{ ...OIDC, 'oidc-signing-algs': ['none'] }, 'oidc: unsupported signing alg: "none"'],
  [{ ...OIDC, 'oidc-required-claim': ['a'] }, /malformed pair, expect string=string/],
  [{ ...OIDC, 'oidc-ca-file': ['/nowhere'] }, 'open /nowhere: no such file or directory'],
  [{ ...OIDC, 'authentication-config': [good] }, 'authentication-config file and oidc-* flags are mutually exclusive'],
  [
    { 'authentication-config': [good], 'anonymous-auth': ['true'] },
    'anonymous: Forbidden: --anonymous-auth flag cannot be set when anonymous field is configured in authentication configuration file',
  ],
  [
    { 'authentication-config': ['/nowhere'] },
    'failed to load authentication configuration from file "/nowhere": open /nowhere: no such file or directory',
  ],
  [
    { 'authentication-config': [file('empty.yaml', '')] },
    /^failed to load authentication configuration from file ".*": empty config data$/,
  ],
  [
    { 'authentication-config': [file('typo.yaml', `${HEAD}jwts: []\n`)] },
    /: strict decoding error: unknown field "jwts"$/,
  ],
  [
    { 'authentication-config': [file('invalid.yaml', `${HEAD}jwt: [{}]\n`)] },
    /^invalid authentication configuration: \[jwt\[0\].issuer.url: Required value, /,
  ],
  [
    { ...OIDC, 'oidc-issuer-url': ['https://kubernetes.default.svc.cluster.local'] },
    'invalid authentication configuration: jwt[0].issuer.url: Invalid value: "https://kubernetes.default.svc.cluster.local": URL must not overlap with disallowed issuers: [https://kubernetes.default.svc.cluster.local]',
  ],
  [
    { ...OIDC, 'service-account-issuer': ['https://b', 'https://i.example'] },
    'invalid authentication configuration: jwt[0].issuer.url: Invalid value: "https://i.example": URL must not overlap with disallowed issuers: [https://b https://i.example]',
  ],
  [
    {
      'authentication-config': [
        file(
          'egress.yaml',
          `${HEAD}jwt: [{issuer: {url: "https://i", audiences: [a], egressSelectorType: controlplane}, claimMappings: {username: {claim: sub, prefix: ""}}}]\n`,
        ),
      ],
    },
    'oidc: egress lookup required with egress selector type "controlplane"',
  ],
  [
    { 'service-account-signing-endpoint': ['/x.sock'], 'service-account-signing-key-file': ['/x'] },
    'service-account-signing-key-file and service-account-signing-endpoint are mutually exclusive and cannot be set at the same time',
  ],
  [
    { 'service-account-signing-endpoint': ['/x.sock'], 'service-account-key-file': ['/x'] },
    "can't set `--service-account-signing-key-file` and/or `--service-account-key-file` with `--service-account-signing-endpoint` (They are mutually exclusive)",
  ],
  [
    { 'service-account-signing-endpoint': ['@a/b'] },
    'invalid value "@a/b" passed for `--service-account-signing-endpoint`, when prefixed with @ must be a valid abstract socket name',
  ],
  [{ 'anonymous-auth': ['maybe'] }, /invalid argument "maybe" for "--anonymous-auth" flag/],
  [
    { 'authentication-token-webhook-config-file': ['/x'], 'authentication-token-webhook-version': ['v2'] },
    'unsupported authentication webhook version "v2", supported versions are "v1", "v1beta1"',
  ],
  [{ 'service-account-issuer': ['a', 'a'] }, 'service-account-issuer "a" is already specified'],
  [
    { 'service-account-issuer': ['https://a:b'] },
    /^service-account-issuer "https:\/\/a:b" contained a ':' but was not a valid URL: parse "https:\/\/a:b": invalid port ":b" after host$/,
  ],
  [{ 'service-account-jwks-uri': ['http://a'] }, 'service-account-jwks-uri requires https scheme, parsed as: http://a'],
  [
    { 'service-account-max-token-expiration': ['10m'] },
    'the service-account-max-token-expiration must be between 1 hour and 2^32 seconds',
  ],
  [
    { 'service-account-key-file': [file('no.key', 'x')] },
    /error reading public key file .*no.key: data does not contain any valid RSA or ECDSA public keys$/,
  ],
  [
    { 'service-account-signing-key-file': ['/x'] },
    'either `--service-account-key-file` or `--service-account-signing-endpoint` must be set',
  ],
  [
    { ...OIDC, 'service-account-issuer': ['https://i.example'] },
    'invalid authentication configuration: jwt[0].issuer.url: Invalid value: "https://i.example": URL must not overlap with disallowed issuers: [https://i.example]',
  ],
  [{ 'client-ca-file': ['/nowhere'] }, 'open /nowhere: no such file or directory'],
  [{ 'client-ca-file': [file('bad-ca', 'x')] }, /data does not contain any valid RSA or ECDSA certificates$/],
  [{ 'requestheader-group-headers': ['X-A, ,X-B'] }, 'empty value in "requestheader-group-headers"'],
  [
    { 'requestheader-uid-headers': ['X-A'] },
    '--requestheader-uid-headers is set without specifying the standard X-Remote-Uid header - API aggregation will not work',
  ],
  [
    {
      'client-ca-file': [file('ca', testCertificate.cert)],
      'requestheader-client-ca-file': [file('ca2', testCertificate.cert)],
    },
    '--requestheader-client-ca-file and --client-ca-file contain overlapping certificates; --requestheader-allowed-names must be specified to ensure regular client certificates cannot set authenticating proxy headers for arbitrary users',
  ],
]
for (const [given, message] of REFUSED) {
  test(`refused at the start: ${JSON.stringify(given).replaceAll(folder, '')}`, () => {
    assert.throws(
      () => of(given),
      (error: unknown) => {
        assert.ok(error instanceof UserError)
        if (typeof message === 'string') assert.equal(error.message, message)
        else assert.match(error.message, message)
        return true
      },
    )
  })
}

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { nextTurn } from '../../../lib/turn.ts'
import { aggregatedFields } from '../configuration/load.ts'
import type { JwtAuthenticatorConfig } from '../configuration/schema.ts'
import { validateAuthenticationConfiguration } from '../configuration/validate.ts'
import { JwtAuthenticator } from './authenticator.ts'
import { SIGNING_ALGORITHMS } from './jws.ts'
import { fakeIssuer, testEnv } from './test-issuer.ts'

interface Fact extends Partial<JwtAuthenticatorConfig> {
  readonly name: string
  /** Which of the tokens. */
  readonly token: number
  readonly ok: boolean
  readonly error?: string
  readonly user?: string
  readonly uid?: string
  readonly groups?: readonly string[]
  readonly extra?: Readonly<Record<string, readonly string[]>>
}

/** What kube-apiserver v1.36.0's oidc authenticator made of each token. */
const { jwks, tokens, facts } = JSON.parse(readFileSync(new URL('testdata/facts.json', import.meta.url), 'utf8')) as {
  readonly jwks: unknown
  readonly tokens: readonly string[]
  readonly facts: readonly Fact[]
}

const ISSUER = { url: 'https://i.example', audiences: ['a'] }
const MAPPINGS = { username: { claim: 'sub', prefix: '' } }

for (const { name, token, ok, error, user = '', uid, groups, extra, ...given } of facts) {
  test(`a token is known or refused as upstream does: ${name}`, async () => {
    const config = { issuer: ISSUER, claimMappings: MAPPINGS, ...given }
    const invalid = aggregatedFields(validateAuthenticationConfiguration({ jwt: [config] }, []))
    if (invalid !== undefined) {
      assert.equal(`invalid: ${invalid}`, error)
      return
    }
    const known = await answerOf(config, tokens[token] ?? '')
    const wanted = { name: user, groups: groups ?? [], ...(uid !== undefined && { uid }), ...(extra && { extra }) }
    assert.deepEqual(known, error !== undefined ? { error } : ok ? { user: wanted } : undefined)
  })
}

async function answerOf(config: JwtAuthenticatorConfig, token: string): Promise<unknown> {
  const { fetch } = fakeIssuer({ issuer: ISSUER.url, jwks })
  const { signal } = new AbortController()
  const authenticator = new JwtAuthenticator(config, { env: testEnv(), fetch, algorithms: SIGNING_ALGORITHMS, signal })
  await nextTurn()
  try {
    return await authenticator.authenticateToken(token)
  } catch (error) {
    return { error: (error as Error).message }
  }
}

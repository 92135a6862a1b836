// An OpenID Connect issuer of its own, by the npm package oidc-provider. In its place: Dex, Keycloak, Entra, Okta, Google.
import { readFileSync } from 'node:fs'
import { createServer } from 'node:https'
import { exportJWK, generateKeyPair } from 'jose'
import Provider from 'oidc-provider'

const url = 'https://localhost:5556'
const grants = { grant_types: ['client_credentials'], response_types: [], redirect_uris: [] }
const people = {
  mate: { email: 'Mate@example.org', email_verified: true, groups: ['crew'], ship: 'skiff' },
  captain: { email: 'captain@example.org', email_verified: true, groups: ['crew'] },
  stowaway: { email: 'captain@example.org', email_verified: false },
}
const { privateKey } = await generateKeyPair('RS256', { extractable: true })
const provider = new Provider(url, {
  jwks: { keys: [{ ...(await exportJWK(privateKey)), use: 'sig' }] },
  clients: Object.keys(people).map((name) => ({ client_id: name, client_secret: `${name}-secret`, ...grants })),
  extraTokenClaims: (_context: unknown, { clientId }: { clientId: keyof typeof people }) => people[clientId],
  features: {
    devInteractions: { enabled: false },
    clientCredentials: { enabled: true },
    resourceIndicators: {
      enabled: true,
      getResourceServerInfo: (_context: unknown, audience: string) => ({
        audience,
        scope: 'api',
        accessTokenFormat: 'jwt',
        accessTokenTTL: 600,
      }),
    },
  },
})
const certificate = { cert: readFileSync('issuer.crt'), key: readFileSync('issuer.key') }
createServer(certificate, provider.callback()).listen(5556, 'localhost', () => console.log(`issuer at ${url}`))

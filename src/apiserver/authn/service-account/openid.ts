import type { Answer } from '../../registry/answer.ts'
import type { Route } from '../../routes/routes.ts'
import { checkTakesJson } from '../../routes/text.ts'
import type { AccountTokenKeys } from './keys.ts'

const CONFIGURATION = '/.well-known/openid-configuration'
/** Where a server publishes its keys. */
export const KEY_SET = '/openid/v1/jwks'
const KEY_SET_TYPE = 'application/jwk-set+json'

/**
 * Lets others verify service account tokens (OpenID Connect Discovery 1.0, section 3), where the issuer is a URL that such documents can be
 * found by. `keysUri` is where others find the keys.
 */
export function openIdRoutes(keys: AccountTokenKeys, issuer: string, keysUri: string): readonly Route[] {
  if (!/^https:[^?#]*$/.test(issuer)) return []
  return [
    {
      path: CONFIGURATION,
      service: true,
      async answer(call) {
        checkTakesJson(call)
        const set = await keys.keySet()
        return cached('application/json', keys, {
          issuer,
          jwks_uri: keysUri,
          response_types_supported: ['id_token'],
          subject_types_supported: ['public'],
          id_token_signing_alg_values_supported: [...new Set(set.keys.map(({ alg = '' }) => alg))].sort(),
        })
      },
    },
    {
      path: KEY_SET,
      service: true,
      async answer(call) {
        checkTakesJson(call, KEY_SET_TYPE)
        return cached(KEY_SET_TYPE, keys, await keys.keySet())
      },
    },
  ]
}

function cached(type: string, keys: AccountTokenKeys, value: unknown): Answer {
  const headers = { 'content-type': type, 'cache-control': `public, max-age=${keys.maxAgeSeconds()}` }
  return { type: 'raw', status: 200, headers, body: JSON.stringify(value) }
}

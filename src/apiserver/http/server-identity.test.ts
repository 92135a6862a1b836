import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { PeerCertificate } from 'node:tls'
import { tlsFor } from './kubelet-connector.ts'
import { checkNames, LEGACY_COMMON_NAME } from './server-identity.ts'

const ca = 'the authority'
const certificate = (names: object): PeerCertificate =>
  ({ subject: { CN: 'api.wardle.svc' }, ...names }) as PeerCertificate

for (const [what, names, wanted] of [
  ['by its subjectAltName', { subjectaltname: 'DNS:api.wardle.svc' }, undefined],
  ['not by its Common Name alone', {}, LEGACY_COMMON_NAME],
] as const)
  test(`an aggregated server is known ${what}`, () => {
    const { checkServerIdentity } = tlsFor(
      {
        scheme: 'https',
        host: '192.0.2.1',
        port: 443,
        path: '/',
        insecure: false,
        aggregated: { serverName: 'api.wardle.svc', ca },
      },
      {},
    )
    assert.equal(checkServerIdentity?.('api.wardle.svc', certificate(names))?.message, wanted)
  })

test('a name that is in neither is wrong', () => {
  assert.match(
    checkNames('other.svc', certificate({ subjectaltname: 'DNS:api.wardle.svc' }))?.message ?? '',
    /altnames/,
  )
})

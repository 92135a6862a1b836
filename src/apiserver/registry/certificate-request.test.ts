import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { GuardedServer } from '../guarded-server.suite.ts'

const RECORDED = JSON.parse(
  readFileSync(new URL('../../apimachinery/x509/testdata/signatures.json', import.meta.url), 'utf8'),
) as readonly { name: string; der: string }[]

test('a request for a certificate that its key did not sign is refused', async () => {
  const server = await GuardedServer.start()
  const ask = (name: string): { metadata: { name: string }; spec: object } => {
    const { der = '' } = RECORDED.find((one) => one.name === name) ?? {}
    const pem = `-----BEGIN CERTIFICATE REQUEST-----\n${der}\n-----END CERTIFICATE REQUEST-----\n`
    const request = Buffer.from(pem).toString('base64')
    return { metadata: { name }, spec: { request, signerName: 'example.com/x', usages: ['client auth'] } }
  }
  const path = '/apis/certificates.k8s.io/v1/certificatesigningrequests'
  const refusal = await server.refused(422, 'POST', path, ask('p256-forged'))
  assert.match(refusal, /^CertificateSigningRequest\.certificates\.k8s\.io "p256-forged" is invalid: spec\.request: /)
  assert.match(refusal, /: x509: ECDSA verification failure$/)
  await server.create(path, ask('p256'))
})

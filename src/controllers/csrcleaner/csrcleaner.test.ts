import assert from 'node:assert/strict'
import { it } from 'node:test'
import { certificateSigningRequests } from '../../api/index.ts'
import { startBench } from '../testing/bench.suite.ts'
import { csrCleanerController } from './controller.ts'

const MINUTE = 60_000
/** A request for CN=x, made by openssl with a P-256 key. */
const REQUEST = `-----BEGIN CERTIFICATE REQUEST-----
MIHGMG4CAQAwDDEKMAgGA1UEAwwBeDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IA
BExPPfm62ccJRnwRBcNW71WsoMlR5sPMVBE0R2+qJPTnjl1RdwHQnfcoE1UXTQqA
PsoI2eO58io1ELeQs843ev6gADAKBggqhkjOPQQDAgNIADBFAiEA+MRuklMR1GxT
1W/DL6LsYlwyLM/bpFSrbP8ecwhhvX0CICxBd0KIVk8PfyCiSTjiauNrAOvy/mgg
T4GQFsTrI5f2
-----END CERTIFICATE REQUEST-----
`
/** Certificates good until half an hour after the bench begins, and until 2055. */
const SOON = `-----BEGIN CERTIFICATE-----
MIIBXTCCAQOgAwIBAgIQR8VIivy6vS3F/o95LwYaFDAKBggqhkjOPQQDAjANMQsw
CQYDVQQDEwJjYTAeFw0yNTEyMzEwMDAwMDBaFw0yNjAxMDEwMDMwMDBaMAwxCjAI
BgNVBAMTAXgwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAARMTz35utnHCUZ8EQXD
Vu9VrKDJUebDzFQRNEdvqiT0545dUXcB0J33KBNVF00KgD7KCNnjufIqNRC3kLPO
N3r+o0YwRDATBgNVHSUEDDAKBggrBgEFBQcDAjAMBgNVHRMBAf8EAjAAMB8GA1Ud
IwQYMBaAFOBy7SegQe7zhgH959ObTjqGfdGNMAoGCCqGSM49BAMCA0gAMEUCIQDZ
TBr/68FbTh7mJY648GJXarpH980/WERpzxg16rIsRwIgLuPMtnoHKJG0sFkczS5l
lHj5UAVMZHe9I+Kn2E9BLZU=
-----END CERTIFICATE-----
`
const LATE = `-----BEGIN CERTIFICATE-----
MIIBXzCCAQWgAwIBAgIQeuVil2rGPJKPTYlACQsfPDAKBggqhkjOPQQDAjANMQsw
CQYDVQQDEwJjYTAgFw0yNTEyMzEwMDAwMDBaGA8yMDU1MDEwMTAwMDAwMFowDDEK
MAgGA1UEAxMBeDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABExPPfm62ccJRnwR
BcNW71WsoMlR5sPMVBE0R2+qJPTnjl1RdwHQnfcoE1UXTQqAPsoI2eO58io1ELeQ
s843ev6jRjBEMBMGA1UdJQQMMAoGCCsGAQUFBwMCMAwGA1UdEwEB/wQCMAAwHwYD
VR0jBBgwFoAU4HLtJ6BB7vOGAf3n05tOOoZ90Y0wCgYIKoZIzj0EAwIDSAAwRQIg
P9K3T02dHBz8xhAfFz6dzdUP7O+ooV9k53LHPdKhXSMCIQCUhoyEEASwgGHU1xca
p0o5S0cwp83BptdgWSf0DPpNOQ==
-----END CERTIFICATE-----
`
const base64 = (text: string): string => Buffer.from(text).toString('base64')

const CASES: readonly (readonly [
  what: string,
  type: string | undefined,
  certificate: string | undefined,
  minutes: number,
])[] = [
  ['undecided', undefined, undefined, 24 * 60],
  ['denied', 'Denied', undefined, 60],
  ['failed', 'Failed', undefined, 60],
  ['approved and never issued', 'Approved', undefined, 24 * 60],
  ['issued', 'Approved', base64(LATE), 60],
  ['issued, and its certificate ends', 'Approved', base64(SOON), 30],
]

for (const [what, type, certificate, minutes] of CASES)
  it(`${what}: stays for ${minutes} minutes`, async () => {
    const bench = await startBench([csrCleanerController])
    const requests = bench.client(certificateSigningRequests)
    const made = await requests.create({
      metadata: { name: 'one' },
      spec: { request: base64(REQUEST), signerName: 'example.com/x', usages: ['client auth'] },
    })
    const conditions = type ? [{ type, status: 'True', reason: 'Test', message: 'by the test' }] : []
    const approving = type === 'Approved' || type === 'Denied'
    const decided = approving
      ? ((await requests.updateSubresource(made, 'approval', { ...made, status: { conditions } })) as typeof made)
      : made
    if (certificate) await requests.updateStatus({ ...decided, status: { ...decided.status, certificate } })
    if (type && !approving) await requests.updateStatus({ ...made, status: { conditions } })
    await bench.settle()
    await bench.advance(minutes * MINUTE - 2 * MINUTE)
    assert.equal((await requests.list()).items.length, 1)
    await bench.advance(3 * MINUTE)
    assert.equal((await requests.list()).items.length, 0)
    await bench.stop()
  })

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { readCertificate } from './certificate.ts'
import { derElements } from './der.ts'
import { readName, writeName } from './name.ts'
import { parseRequest, readRequest } from './request.ts'

/** Made by openssl: /O=a+O=b/CN=first/CN=last, "quoted", with alternative names of every kind. */
const REQUEST = `-----BEGIN CERTIFICATE REQUEST-----
MIIBSTCB7wIBADA/MRQwCAYDVQQKDAFhMAgGA1UECgwBYjEOMAwGA1UEAwwFZmly
c3QxFzAVBgNVBAMMDmxhc3QsICJxdW90ZWQiMFkwEwYHKoZIzj0CAQYIKoZIzj0D
AQcDQgAETE89+brZxwlGfBEFw1bvVaygyVHmw8xUETRHb6ok9OeOXVF3AdCd9ygT
VRdNCoA+ygjZ47nyKjUQt5Czzjd6/qBOMEwGCSqGSIb3DQEJDjE/MD0wOwYDVR0R
BDQwMoIDYS5ihwTAAAIBhxAgAQ24AAAAAAAAAAAAAAABgQVhQGIuY4YMc3BpZmZl
Oi8veC95MAoGCCqGSM49BAMCA0kAMEYCIQDdybLRGnwS21IRaqPPPJEmmFlOBLes
+pjmXX4cCp33ewIhALmcSFSe5M4M5o5+fAtwouRVoJmjiB8jl7DEoHH8+xrF
-----END CERTIFICATE REQUEST-----
`
const base64 = (text: string): string => Buffer.from(text).toString('base64')

describe('a certification request', () => {
  it('is read with its subject and names', () => {
    const { der: _, names: __, subject, ...names } = parseRequest(base64(REQUEST))
    assert.equal(subject.commonName, 'last, "quoted"')
    assert.deepEqual(subject.organizations, ['a', 'b'])
    assert.deepEqual(names, {
      dnsNames: ['a.b'],
      emailAddresses: ['a@b.c'],
      uris: ['spiffe://x/y'],
      ipAddresses: ['192.0.2.1', '2001:db8:0:0:0:0:0:1'],
    })
  })

  it('names its subject again in a certificate as Go would, whatever the values hold', () => {
    const text = fc.string({ unit: 'binary' })
    fc.assert(
      fc.property(fc.array(text, { maxLength: 3 }), text, (groups, commonName) => {
        const attributes = [
          ['2.5.4.3', 'first'],
          ...groups.map((group) => ['2.5.4.10', group]),
          ['2.5.4.3', commonName],
        ]
        const [element] = derElements(writeName({ attributes: attributes as [string, string][] }))
        const read = readName(element)
        assert.equal(read.commonName, commonName)
        assert.deepEqual(read.organizations.toSorted(), groups.toSorted())
        assert.equal(read.attributes.length, groups.length + 1)
      }),
    )
  })

  it('is refused when it is not one', () => {
    const other = REQUEST.replaceAll('CERTIFICATE REQUEST', 'CERTIFICATE')
    for (const text of ['', 'rubbish', other])
      assert.throws(() => parseRequest(base64(text)), { message: 'PEM block type must be CERTIFICATE REQUEST' })
  })

  it('cut short or changed anywhere, it is read or refused, and nothing else happens', () => {
    const { der } = parseRequest(base64(REQUEST))
    const position = fc.nat(der.length - 1)
    fc.assert(
      fc.property(position, position, fc.nat(255), (length, at, byte) => {
        const changed = Uint8Array.from(der)
        changed[at] = byte
        for (const bytes of [der.subarray(0, length), changed])
          for (const read of [readRequest, readCertificate]) {
            try {
              read(bytes)
            } catch (error) {
              assert.match((error as Error).message, /^(asn1|x509): /)
            }
          }
      }),
    )
  })
})

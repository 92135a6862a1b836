import assert from 'node:assert/strict'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, beforeEach, test } from 'node:test'
import { parse } from 'yaml'
import { clusterPaths } from '../../host/cluster/paths.ts'
import { writeSettings } from '../../host/cluster/settings.ts'
import { writeProcessFile } from '../../host/cluster/process-file.ts'
import { EXIT } from '../../host/user-error.ts'
import { runCli } from '../testing/test-cli.ts'

/** The clock of the command line under test stands at 2026-01-01. */
const SOON = `-----BEGIN CERTIFICATE-----
MIIBXDCCAQOgAwIBAgIQX7T/8fClUExQ+MRC2lRKoDAKBggqhkjOPQQDAjANMQsw
CQYDVQQDEwJjYTAeFw0yNTEyMzEwMDAwMDBaFw0yNjAxMDEwMDMwMDBaMAwxCjAI
BgNVBAMTAXgwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAARMTz35utnHCUZ8EQXD
Vu9VrKDJUebDzFQRNEdvqiT0545dUXcB0J33KBNVF00KgD7KCNnjufIqNRC3kLPO
N3r+o0YwRDATBgNVHSUEDDAKBggrBgEFBQcDAjAMBgNVHRMBAf8EAjAAMB8GA1Ud
IwQYMBaAFLnDQJYhLlgOb+oylCIu2tRQMjGAMAoGCCqGSM49BAMCA0cAMEQCIFp0
9R0N5/pYbDiUrYcyoLBIirL/8xnEj8LmDiu+vW9rAiBu1AvcZ1x+v4pCW9w5t3PR
Oi2OcIR+lEzLrcXktcxKqw==
-----END CERTIFICATE-----
`
const LATE = `-----BEGIN CERTIFICATE-----
MIIBYDCCAQWgAwIBAgIQai5ODXeiYE9u71UojuMfuTAKBggqhkjOPQQDAjANMQsw
CQYDVQQDEwJjYTAgFw0yNTEyMzEwMDAwMDBaGA8yMDU1MDEwMTAwMDAwMFowDDEK
MAgGA1UEAxMBeDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABExPPfm62ccJRnwR
BcNW71WsoMlR5sPMVBE0R2+qJPTnjl1RdwHQnfcoE1UXTQqAPsoI2eO58io1ELeQ
s843ev6jRjBEMBMGA1UdJQQMMAoGCCsGAQUFBwMCMAwGA1UdEwEB/wQCMAAwHwYD
VR0jBBgwFoAUucNAliEuWA5v6jKUIi7a1FAyMYAwCgYIKoZIzj0EAwIDSQAwRgIh
ALJDgXERVInjEPx+Sajm5/NwJjMNWvaw+53h/LyRcsUiAiEAzYcJhjpdGXT4mdRt
VPyx7D7KlQcEcJv6wHNu9PdFlPs=
-----END CERTIFICATE-----
`
const AUTHORITY = `-----BEGIN CERTIFICATE-----
MIIBWjCCAQCgAwIBAgIQYosy6urG5gDqAcfrlbXkzTAKBggqhkjOPQQDAjANMQsw
CQYDVQQDEwJjYTAeFw0yNTEyMzEyMzU1MDBaFw0zNTEyMzAwMDAwMDBaMA0xCzAJ
BgNVBAMTAmNhMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEuwsa/KG28WUM67CL
tIUnZ6+5e5eFRjFlO5W7Ss3kjHfSVJJHCs45JD1+5ImMCNts3x7IOw9D5KeoNvCC
AK2ejqNCMEAwDwYDVR0TAQH/BAUwAwEB/zAOBgNVHQ8BAf8EBAMCAqQwHQYDVR0O
BBYEFMlIkrPeRTblt1l+yDDB9dpCqRsFMAoGCCqGSM49BAMCA0gAMEUCIC7X2QxD
FgrvOS8OhAkEtzN/Q7j1d2MZZmvCd/+8h0YpAiEA2YCZ4Pmid8Qxj9qD6weieqJJ
Nh5G9znjZrSbQXojhKU=
-----END CERTIFICATE-----
`

const folder = mkdtempSync(join(tmpdir(), 'skiff-certs-'))
after(() => rmSync(folder, { recursive: true }))
const certs = (...args: string[]) => runCli(folder, 'certs', ...args, '--data-dir', folder)
const paths = clusterPaths(folder, 'skiff')

beforeEach(() => {
  rmSync(paths.root, { recursive: true, force: true })
  const network = { podCidr: '10.244.0.0/16', serviceCidr: '10.96.0.0/16', clusterDomain: 'cluster.local' }
  writeSettings(paths.settings, {
    name: 'skiff',
    apiPort: 6443,
    ...network,
    nodeName: 'box',
    nodes: 1,
    runtime: 'simulated',
  })
  mkdirSync(paths.pki, { recursive: true })
  for (const [name, text] of [
    ['ca', AUTHORITY],
    ['admin', SOON],
    ['apiserver', LATE],
  ] as const) {
    writeFileSync(join(paths.pki, `${name}.crt`), text)
    writeFileSync(join(paths.pki, `${name}.key`), 'key')
  }
})

const isThere = (name: string): boolean => existsSync(join(paths.pki, `${name}.crt`))

test('check lists all, and ends with 1 when one ends in the time that is given', async () => {
  const good = await certs('check')
  assert.equal(good.code, EXIT.ok)
  assert.match(
    good.out,
    /^NAME +SUBJECT +AUTHORITY +EXPIRES +LEFT +STATE\nadmin +CN=x +no +2026-01-01T00:30:00Z +30m +good\n/,
  )
  const soon = await certs('check', '--within', '1h', '-o', 'json')
  assert.equal(soon.code, EXIT.failed)
  assert.deepEqual(
    (JSON.parse(soon.out) as { name: string; state: string }[]).map(({ name, state }) => [name, state]),
    [
      ['admin', 'ends soon'],
      ['apiserver', 'good'],
      ['ca', 'good'],
    ],
  )
  assert.match(soon.err, /admin ends soon\n {2}- make it anew: skiff certs rotate/)
  assert.equal((parse((await certs('check', '-o', 'yaml')).out) as unknown[]).length, 3)
})

test('an expired one, one that cannot be read, and none at all', async () => {
  writeFileSync(
    join(paths.pki, 'admin.crt'),
    `-----BEGIN CERTIFICATE-----
MIIBXTCCAQOgAwIBAgIQbdj2STYlfG0ACTjp6pzujzAKBggqhkjOPQQDAjANMQsw
CQYDVQQDEwJjYTAeFw0yNTEyMzEwMDAwMDBaFw0yNTEyMzExMjAwMDBaMAwxCjAI
BgNVBAMTAXgwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAARMTz35utnHCUZ8EQXD
Vu9VrKDJUebDzFQRNEdvqiT0545dUXcB0J33KBNVF00KgD7KCNnjufIqNRC3kLPO
N3r+o0YwRDATBgNVHSUEDDAKBggrBgEFBQcDAjAMBgNVHRMBAf8EAjAAMB8GA1Ud
IwQYMBaAFLnDQJYhLlgOb+oylCIu2tRQMjGAMAoGCCqGSM49BAMCA0gAMEUCIA9s
+raEJHQ521Mslamvi+eeCDZUKfHQDnbHWcN48NI9AiEAuhLBNarPe0ddinIBrn4h
Elf5+gWNPFwzAoszQhNEnY4=
-----END CERTIFICATE-----
`,
  )
  const expired = await certs('check')
  assert.equal(expired.code, EXIT.failed)
  assert.match(expired.err, /admin has expired/)
  writeFileSync(join(paths.pki, 'admin.crt'), 'rubbish')
  assert.match((await certs('check')).err, /admin\.crt is not a certificate that can be read/)
  rmSync(paths.pki, { recursive: true })
  const none = await certs('check')
  assert.equal(none.code, EXIT.failed)
  assert.match(none.err, /has no certificates yet/)
})

test('rotate takes away what the next start makes anew, never an authority', async () => {
  const one = await certs('rotate', 'admin')
  assert.equal(one.code, EXIT.ok)
  assert.match(one.err, /the next start makes anew: admin\n/)
  assert.deepEqual(['admin', 'apiserver', 'ca'].map(isThere), [false, true, true])
  await certs('rotate')
  assert.deepEqual(['admin', 'apiserver', 'ca'].map(isThere), [false, false, true])
})

test('rotate refuses authorities and names that nobody has, and then changes nothing', async () => {
  for (const [name, why] of [
    ['ca', /is an authority/],
    ['nobody', /there is no certificate "nobody"/],
  ] as const) {
    const { code, err } = await certs('rotate', 'admin', name)
    assert.equal(code, EXIT.usage)
    assert.match(err, why)
    assert.ok(isThere('admin'))
  }
  assert.equal((await certs('check', '--within', 'soon')).code, EXIT.usage)
})

test('a server that makes none is told of', async () => {
  writeProcessFile(paths.pidFile, process.pid)
  const { code, err } = await certs('rotate', 'admin', '--timeout', '0')
  assert.equal(code, EXIT.timedOut)
  assert.match(err, /the server has not made anew: admin/)
})

const rotationOf = (): string | undefined =>
  existsSync(join(paths.pki, 'rotation')) ? readFileSync(join(paths.pki, 'rotation'), 'utf8').trim() : undefined

test('authorities are exchanged by the server, or by its next start', async () => {
  const asked = await certs('rotate', '--ca', '--prepare')
  assert.equal(asked.code, EXIT.ok)
  assert.match(asked.err, /the next start of cluster "skiff" does it/)
  assert.equal(rotationOf(), 'trusted')
  await certs('rotate', '--ca')
  assert.equal(rotationOf(), 'signing')
  rmSync(join(paths.pki, 'rotation'))
  writeProcessFile(paths.pidFile, process.pid)
  const late = await certs('rotate', '--ca', '--timeout', '0')
  assert.equal(late.code, EXIT.timedOut)
  assert.match(late.err, /the server has not done it yet[^]*the same command goes on from here/)
})

test('nothing is finished that was not begun, nor while anything in use is of the old one', async () => {
  const refused = async (why: RegExp): Promise<void> => {
    const { code, err } = await certs('rotate', '--ca', '--finish')
    assert.notEqual(code, EXIT.ok)
    assert.match(err, why)
    assert.equal(rotationOf(), undefined)
  }
  await refused(/there is nothing to finish/)
  writeFileSync(join(paths.pki, 'ca-next.crt'), LATE)
  await refused(/the next authorities sign nothing yet/)
  writeFileSync(join(paths.pki, 'ca.crt'), AUTHORITY + LATE)
  await refused(/the next authorities sign nothing yet/)
  rmSync(join(paths.pki, 'ca-next.crt'))
  // Neither was signed by the authority of this test.
  await refused(
    /the old authorities have signed what is in use: admin, apiserver\n.*skiff certs rotate admin apiserver/,
  )
})

test('flags that do not go together', async () => {
  for (const args of [['--finish'], ['--prepare'], ['--ca', 'admin'], ['--ca', '--prepare', '--finish']]) {
    const { code } = await certs('rotate', ...args)
    assert.equal(code, EXIT.usage, args.join(' '))
  }
  assert.equal(rotationOf(), undefined)
})

import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test, type TestContext } from 'node:test'
import { X509Certificate } from 'node:crypto'
import { VirtualClock } from '../../lib/clock.ts'
import { silentLogger } from '../../lib/log.ts'
import { systemRandom } from '../../lib/random.ts'
import { UserError } from '../../host/user-error.ts'
import { makeAuthority, makeCertificate } from './certificates.ts'
import { ensurePki, type Pki } from './pki.ts'
import { remoteApi } from './remote-api.ts'

const DAY_MS = 86_400_000
const envAt = (days = 0) => ({
  clock: new VirtualClock(Date.UTC(2026, 0, 1) + days * DAY_MS),
  random: systemRandom,
  log: silentLogger,
})

interface Folder {
  readonly path: string
  readonly pki: Pki
  again(days?: number): Promise<Pki>
  write(name: string, text: string): void
  read(name: string): string
}

async function folderOf(t: TestContext): Promise<Folder> {
  const path = mkdtempSync(join(tmpdir(), 'skiff-start-'))
  t.after(() => rmSync(path, { recursive: true }))
  const again = (days?: number): Promise<Pki> =>
    ensurePki({ folder: path, env: envAt(days), servingNames: ['localhost'] })
  return {
    path,
    pki: await again(),
    again,
    write: (name, text) => writeFileSync(join(path, name), text),
    read: (name) => readFileSync(join(path, name), 'utf8'),
  }
}

const NONE = '-----BEGIN CERTIFICATE-----\nrubbish\n-----END CERTIFICATE-----\n'

describe('a server that has no good authority does not start, says why, and changes nothing', () => {
  const cases: Readonly<Record<string, { spoil: (folder: Folder) => unknown; says: RegExp; days?: number }>> = {
    'no certificate in the file': {
      spoil: ({ write }) => write('ca.crt', 'rubbish'),
      says: /ca\.crt is not a certificate that can be read/,
    },
    'nothing in the file': {
      spoil: ({ write }) => write('ca.crt', ''),
      says: /ca\.crt is not a certificate that can be read/,
    },
    'a certificate that is none': {
      spoil: ({ write }) => write('ca.crt', NONE),
      says: /ca\.crt is not a certificate that can be read/,
    },
    'a key that is none': {
      spoil: ({ write }) => write('ca.key', 'rubbish'),
      says: /ca\.key is not a private key that can be read/,
    },
    "another one's key": {
      spoil: ({ write, read }) => write('ca.key', read('admin.key')),
      says: /ca\.key is not the key of the certificate beside it/,
    },
    'a certificate that is no authority': {
      spoil: ({ write, read }) => (write('ca.crt', read('admin.crt')), write('ca.key', read('admin.key'))),
      says: /ca\.crt is not the certificate of an authority/,
    },
    'no key': { spoil: ({ path }) => rmSync(join(path, 'ca.key')), says: /ca\.crt is there without its key, ca\.key/ },
    "no key of the front proxies'": {
      spoil: ({ path }) => rmSync(join(path, 'front-proxy-ca.key')),
      says: /front-proxy-ca\.crt is there without its key/,
    },
    'an authority of the past': {
      spoil: () => {},
      days: 3651,
      says: /ca\.crt ended at 2035-12-30T00:00:00Z, and it is 2035-12-31T00:00:00Z/,
    },
    'an authority of the future': {
      spoil: () => {},
      days: -1,
      says: /ca\.crt begins at 2025-12-31T23:55:00Z, and it is 2025-12-31T00:00:00Z/,
    },
    'a key of service accounts that is none': {
      spoil: ({ write }) => write('sa.key', 'rubbish'),
      says: /sa\.key is not a private key that can be read/,
    },
  }
  for (const [name, { spoil, says, days }] of Object.entries(cases)) {
    test(name, async (t) => {
      const folder = await folderOf(t)
      spoil(folder)
      const all = (): string[] => readdirSync(folder.path).map((file) => `${file} ${folder.read(file)}`)
      const before = all()
      await assert.rejects(
        folder.again(days),
        (error) => error instanceof UserError && says.test(error.message) && error.hints.length > 0,
      )
      assert.deepEqual(all(), before)
    })
  }
})

describe('other certificates that are not good are made anew', () => {
  const cases: Readonly<Record<string, (folder: Folder) => unknown>> = {
    'what cannot be read': ({ write }) => write('apiserver.crt', NONE),
    'a key that cannot be read': ({ write }) => write('apiserver.key', 'rubbish'),
    'what another authority has signed': async ({ write }) => {
      const other = await makeAuthority(envAt(), 'CN=kubernetes')
      const { cert, key } = await makeCertificate(envAt(), other, { name: 'CN=kube-apiserver', serves: ['localhost'] })
      write('apiserver.crt', cert)
      write('apiserver.key', key)
    },
    'what was made while the clock was ahead': async ({ write, pki }) => {
      const { cert, key } = await makeCertificate(envAt(400), pki.ca, {
        name: 'CN=kube-apiserver',
        serves: ['localhost'],
      })
      write('apiserver.crt', cert)
      write('apiserver.key', key)
    },
  }
  for (const [name, spoil] of Object.entries(cases)) {
    test(name, async (t) => {
      const folder = await folderOf(t)
      await spoil(folder)
      const { serving, ca } = await folder.again()
      assert.notEqual(serving.cert, folder.pki.serving.cert)
      const certificate = new X509Certificate(serving.cert)
      assert.ok(certificate.verify(new X509Certificate(ca.cert).publicKey))
      assert.deepEqual((await folder.again()).serving, serving)
    })
  }

  test('the public key of service accounts comes of the private one', async (t) => {
    const folder = await folderOf(t)
    rmSync(join(folder.path, 'sa.pub'))
    assert.deepEqual((await folder.again()).serviceAccount, folder.pki.serviceAccount)
    assert.equal(folder.read('sa.pub'), folder.pki.serviceAccount.publicKey)
  })

  test('none outlasts its authority, and near its end they are kept', async (t) => {
    const folder = await folderOf(t)
    const last = await folder.again(3640)
    const [ca, serving] = [last.ca, last.serving].map(({ cert }) => new X509Certificate(cert))
    assert.equal(serving?.validTo, ca?.validTo)
    assert.deepEqual((await folder.again(3645)).serving, last.serving)
  })

  test('an authority to come may stand behind the one that signs', async (t) => {
    const folder = await folderOf(t)
    const next = await makeAuthority(envAt(), 'CN=kubernetes')
    folder.write('ca.crt', folder.pki.ca.cert + next.cert)
    assert.deepEqual((await folder.again()).serving, folder.pki.serving)
    folder.write('ca.crt', next.cert + folder.pki.ca.cert)
    folder.write('ca.key', next.key)
    const after = await folder.again()
    assert.ok(new X509Certificate(after.serving.cert).verify(new X509Certificate(next.cert).publicKey))
  })
})

describe('a part that goes to another API server says what is wrong with its kubeconfig', () => {
  const config = (user: string, cluster = 'server: https://127.0.0.1:1', context = 'x'): string =>
    `apiVersion: v1
kind: Config
clusters: [{name: c, cluster: {${cluster}}}]
users: [{name: u, user: {${user}}}]
contexts: [{name: x, context: {cluster: c, user: u}}]
current-context: ${context}
`
  const rubbish = Buffer.from(NONE).toString('base64')
  const cases: Readonly<Record<string, { text: string | undefined; says: RegExp }>> = {
    'no file': { text: undefined, says: /^kubeconfig .*config: cannot read kubeconfig/ },
    'no YAML': { text: '{a: [', says: /^kubeconfig .*: Flow sequence/ },
    'no current context': { text: config('token: a', undefined, ''), says: /no current context in/ },
    'a context that is not there': { text: config('token: a', undefined, 'y'), says: /kubeconfig has no context "y"/ },
    'an authority that cannot be read': {
      text: config('token: a', `server: https://127.0.0.1:1, certificate-authority-data: ${rubbish}`),
      says: /certificate authority .*cannot be used/,
    },
    'a client certificate that cannot be read': {
      text: config(`client-certificate-data: ${rubbish}, client-key-data: ${rubbish}`),
      says: /client certificate .*cannot be used/,
    },
    'a certificate without a key': {
      text: config(`client-certificate-data: ${rubbish}`),
      says: /a user has a client certificate without its key/,
    },
  }
  for (const [name, { text, says }] of Object.entries(cases)) {
    test(name, (t) => {
      const path = mkdtempSync(join(tmpdir(), 'skiff-kubeconfig-'))
      t.after(() => rmSync(path, { recursive: true }))
      const file = join(path, 'config')
      if (text !== undefined) writeFileSync(file, text)
      assert.throws(
        () => remoteApi(file, envAt()).close(),
        (error) => error instanceof UserError && says.test(error.message),
      )
    })
  }
})

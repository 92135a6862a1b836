import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { randomUUID } from 'node:crypto'
import { VirtualClock } from '../../lib/clock.ts'
import { silentLogger } from '../../lib/log.ts'
import { seededRandom } from '../../lib/random.ts'
import { aesCbc, aesGcm } from './aes.ts'
import { Envelope } from './kms/envelope.ts'
import { KeyStates } from './kms/key-state.ts'
import { keyService } from './kms/service.ts'
import { startPlugin } from './kms/testing/plugin.ts'
import { secretbox } from './secretbox.ts'
import { PrefixTransformers, type Place, type Transformer } from './transformer.ts'

/** What kube-apiserver v1.36.0 kept in its etcd, with these keys and the plugin of these tests. */
const recorded = JSON.parse(readFileSync(new URL('./testing/recorded.json', import.meta.url), 'utf8')) as Record<
  string,
  { readonly key: string; readonly kept: string }
>

const KEY_32 = Buffer.from('0123456789abcdef0123456789abcdef')
const KEY_16 = Buffer.from('0123456789abcdef')

const by = (prefix: string, transformer: Transformer): Transformer =>
  new PrefixTransformers([{ prefix: Buffer.from(prefix), transformer }], 'no matching prefix found')

const PROVIDERS: Readonly<Record<string, Transformer>> = {
  secrets: by('k8s:enc:secretbox:v1:key1:', secretbox(KEY_32)),
  configmaps: by('k8s:enc:aescbc:v1:key1:', aesCbc(KEY_32)),
  serviceaccounts: by('k8s:enc:aesgcm:v1:key2:', aesGcm(KEY_16)),
}

function keptOf(resource: string): { readonly kept: Buffer; readonly place: Place } {
  const { key = '', kept = '' } = recorded[resource] ?? {}
  return { kept: Buffer.from(kept, 'hex'), place: { key, resource } }
}

describe('what upstream kept is read', () => {
  for (const [resource, transformer] of Object.entries(PROVIDERS)) {
    test(resource, async () => {
      const { kept, place } = keptOf(resource)
      const { value, stale } = await transformer.open(kept, place)
      assert.equal(Buffer.from(value.subarray(0, 4)).toString(), 'k8s\0')
      assert.ok(Buffer.from(value).includes('canary'))
      assert.equal(stale, false)
    })
  }

  test('of KMS version 2, and what is written beside it has the same form', async () => {
    const plugin = await startPlugin(join(tmpdir(), `kms-${randomUUID()}.sock`))
    const env = { clock: new VirtualClock(), random: seededRandom(1), log: silentLogger }
    const service = keyService({ endpoint: plugin.endpoint, timeoutMs: 3000, monotonic: () => env.clock.monotonic() })
    const states = new KeyStates({ name: 'mykms', service, ...env })
    try {
      await states.start()
      const envelope = by('k8s:enc:kms:v2:mykms:', new Envelope({ service, states, ...env }))
      const { kept, place } = keptOf('crontabs.stable.example.com')
      const { value, stale } = await envelope.open(kept, place)
      const object = JSON.parse(Buffer.from(value).toString()) as { spec: unknown }
      assert.deepEqual(object.spec, { a: 'CANARYVALUE' })
      assert.equal(stale, false)
      assert.equal(envelope.seal(value, place).length, kept.length)
      assert.deepEqual(plugin.calls, ['Status', 'Encrypt', 'Decrypt'])
    } finally {
      states.stop()
      service.close()
      plugin.close()
    }
  })
})

describe('what cannot be read is refused in upstream words', () => {
  const place = { key: '/registry/secrets/a/b', resource: 'secrets' }
  const all: readonly {
    name: string
    transformer: Transformer
    kept: (sealed: Uint8Array) => Uint8Array
    message: string
  }[] = [
    {
      name: 'AES-GCM, a bit turned',
      transformer: aesGcm(KEY_16),
      kept: turned,
      message: 'cipher: message authentication failed',
    },
    {
      name: 'AES-GCM, cut short',
      transformer: aesGcm(KEY_16),
      kept: (sealed) => sealed.subarray(0, 5),
      message: 'the stored data was shorter than the required size',
    },
    {
      name: 'AES-CBC, not whole blocks',
      transformer: aesCbc(KEY_32),
      kept: (sealed) => sealed.subarray(0, 31),
      message: 'the stored data is not a multiple of the block size',
    },
    {
      name: 'AES-CBC, nothing but the vector',
      transformer: aesCbc(KEY_32),
      kept: (sealed) => sealed.subarray(0, 16),
      message: 'invalid PKCS7 data (empty or not padded)',
    },
    {
      name: 'secretbox, a bit turned',
      transformer: secretbox(KEY_32),
      kept: turned,
      message: 'output array was not large enough for encryption',
    },
  ]
  for (const { name, transformer, kept, message } of all) {
    test(name, () => {
      const sealed = transformer.seal(Buffer.from('a value'), place)
      assert.throws(() => transformer.open(kept(sealed), place), { name: 'TransformError', message })
    })
  }

  test('a value that was moved to another key', () => {
    const sealed = aesGcm(KEY_32).seal(Buffer.from('a value'), place)
    const elsewhere = { ...place, key: '/registry/secrets/a/c' }
    assert.throws(() => aesGcm(KEY_32).open(sealed, elsewhere), { message: 'cipher: message authentication failed' })
  })
})

function turned(sealed: Uint8Array): Uint8Array {
  const copy = Uint8Array.from(sealed)
  copy[copy.length - 1] = (copy.at(-1) ?? 0) ^ 1
  return copy
}

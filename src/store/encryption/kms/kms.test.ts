import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { VirtualClock } from '../../../lib/clock.ts'
import { silentLogger } from '../../../lib/log.ts'
import { seededRandom } from '../../../lib/random.ts'
import { Envelope } from './envelope.ts'
import { KeyStates } from './key-state.ts'
import { keyService } from './service.ts'
import { startPlugin, type Lies, type Plugin } from './testing/plugin.ts'

const PLACE = { key: '/registry/secrets/default/token', resource: 'secrets' }
const VALUE = Buffer.from('{"kind":"Secret"}')

interface Bench {
  readonly clock: VirtualClock
  readonly plugin: Plugin
  readonly states: KeyStates
  readonly envelope: Envelope
  /** As a server that was started anew has it: with no key in memory. */
  restarted(): Promise<Envelope>
}

/** A plugin, and what uses it; the plugin may lie from the start. */
async function withKms(lies: Lies, run: (bench: Bench) => Promise<void>): Promise<void> {
  const plugin = await startPlugin(join(tmpdir(), `kms-${randomUUID()}.sock`))
  plugin.lies = lies
  const clock = new VirtualClock()
  const closing: (() => void)[] = [() => plugin.close()]
  const open = async (): Promise<{ states: KeyStates; envelope: Envelope }> => {
    const env = { clock, random: seededRandom(1), log: silentLogger }
    const service = keyService({ endpoint: plugin.endpoint, timeoutMs: 300, monotonic: () => clock.monotonic() })
    const states = new KeyStates({ name: 'k', service, ...env })
    closing.push(() => (states.stop(), service.close()))
    await states.start()
    return { states, envelope: new Envelope({ service, states, ...env }) }
  }
  try {
    const first = await open()
    await run({ clock, plugin, ...first, restarted: async () => (await open()).envelope })
  } finally {
    for (const close of closing) close()
  }
}

const text = (value: Uint8Array): string => Buffer.from(value).toString()

describe('KMS version 2', () => {
  test('a value is read again, by this server without the service, by another with one question', () =>
    withKms({}, async ({ plugin, envelope, restarted }) => {
      const sealed = [1, 2, 3].map(() => envelope.seal(VALUE, PLACE))
      assert.ok(!sealed.some((one) => Buffer.from(one).includes('Secret')))
      assert.equal(text((await envelope.open(sealed[0] ?? VALUE, PLACE)).value), text(VALUE))
      assert.deepEqual(plugin.calls, ['Status', 'Encrypt'])
      const other = await restarted()
      const opened = await Promise.all(sealed.map(async (one) => other.open(one, PLACE)))
      assert.ok(opened.every(({ value, stale }) => text(value) === text(VALUE) && !stale))
      assert.equal(plugin.calls.filter((name) => name === 'Decrypt').length, 1)
    }))

  test('when the service has another key, it is written with, and what the old one wrote is stale', () =>
    withKms({}, async ({ clock, plugin, states, envelope }) => {
      const sealed = envelope.seal(VALUE, PLACE)
      plugin.keyId = 'key-2'
      await clock.advance(30_000)
      await states.check()
      assert.deepEqual(await envelope.open(sealed, PLACE), { value: VALUE, stale: true })
      assert.equal((await envelope.open(envelope.seal(VALUE, PLACE), PLACE)).stale, false)
    }))

  test('a service that ails stops writes after three minutes, and reads never', () =>
    withKms({}, async ({ clock, plugin, states, envelope }) => {
      const sealed = envelope.seal(VALUE, PLACE)
      plugin.lies = { fails: true }
      await clock.advance(170_000, async () => {})
      await assert.rejects(states.check(), /rpc error: code = FailedPrecondition desc = the plugin is ill/)
      envelope.seal(VALUE, PLACE)
      await clock.advance(20_000, async () => {})
      assert.throws(
        () => envelope.seal(VALUE, PLACE),
        /^TransformError: encryptedDEKSource with keyID hash "sha256:.*" expired at/,
      )
      assert.equal(text((await envelope.open(sealed, PLACE)).value), text(VALUE))
      plugin.lies = {}
      await clock.advance(20_000, async () => {})
      await states.check()
      envelope.seal(VALUE, PLACE)
    }))

  test('one that is gone fails what needs it, until it is back', () =>
    withKms({}, async ({ envelope, plugin, restarted }) => {
      const sealed = envelope.seal(VALUE, PLACE)
      const other = await restarted()
      plugin.lies = { hangs: true }
      await assert.rejects(
        async () => other.open(sealed, PLACE),
        /^TransformError: failed to decrypt DEK, error: rpc error: code = DeadlineExceeded/,
      )
      plugin.lies = {}
      assert.equal(text((await other.open(sealed, PLACE)).value), text(VALUE))
    }))
})

const long = 'x'.repeat(1025)

describe('a service that is unwell from the start, or lies, is found out, and nothing is written without a key', () => {
  const cases: Readonly<Record<string, { lies: Lies; says: RegExp; encrypts?: boolean }>> = {
    'never answers': {
      lies: { hangs: true },
      says: /failed to perform status section .* KMS Provider k, error: rpc error: code = DeadlineExceeded/,
    },
    fails: { lies: { fails: true }, says: /code = FailedPrecondition desc = the plugin is ill/ },
    'says that it is ill': {
      lies: { status: (truth) => ({ ...truth, healthz: 'ill' }) },
      says: /kmsv2 Provider k is not healthy, error: got unexpected healthz status: ill/,
      encrypts: true,
    },
    'is of another version': {
      lies: { status: (truth) => ({ ...truth, version: 'v1' }) },
      says: /expected KMSv2 API version v2, got v1/,
      encrypts: true,
    },
    'has no key id': {
      lies: { status: (truth) => ({ ...truth, keyId: '' }) },
      says: /got invalid KMSv2 KeyID hash "": keyID is empty/,
    },
    'has a key id without end': {
      lies: { status: (truth) => ({ ...truth, keyId: long }) },
      says: /keyID is 1025 bytes, which exceeds the max size of 1024/,
    },
    'names another key than it uses': {
      lies: { encrypt: (truth) => ({ ...truth, keyId: 'other' }) },
      says: /failed to rotate DEK .*errGen=<nil>, statusKeyIDHash="sha256:.*", encryptKeyIDHash="sha256:/,
    },
    'encrypts to nothing': {
      lies: { encrypt: (truth) => ({ ...truth, ciphertext: new Uint8Array() }) },
      says: /encrypted DEK source is empty/,
    },
    'encrypts to too much': {
      lies: { encrypt: (truth) => ({ ...truth, ciphertext: new Uint8Array(1025) }) },
      says: /encrypted DEK source is 1025 bytes, which exceeds the max size of 1024/,
    },
    floods: {
      lies: { encrypt: (truth) => ({ ...truth, ciphertext: new Uint8Array(5 * 2 ** 20) }) },
      says: /code = ResourceExhausted/,
    },
    'has bad annotations': {
      lies: { encrypt: (truth) => ({ ...truth, annotations: [{ key: 'nodots', value: new Uint8Array() }] }) },
      says: /failed to validate annotations: .*at least two segments/,
    },
    'has annotations without end': {
      lies: { encrypt: (truth) => ({ ...truth, annotations: [{ key: 'a.b', value: new Uint8Array(33_000) }] }) },
      says: /total size of annotations is 33003, which exceeds the max size of 32768/,
    },
  }
  for (const [name, { lies, says, encrypts = false }] of Object.entries(cases)) {
    test(name, () =>
      withKms(lies, async ({ clock, states, envelope, plugin }) => {
        // What it said stands for three seconds.
        await clock.advance(4000, async () => {})
        await assert.rejects(states.check(), says)
        // Upstream takes the key of one that says it is unwell.
        if (!encrypts) assert.throws(() => envelope.seal(VALUE, PLACE), { message: 'got unexpected nil transformer' })
        // It gets well, and so does the server, by itself.
        plugin.lies = {}
        await clock.advance(4000, async () => {})
        await states.check()
        assert.equal(text((await envelope.open(envelope.seal(VALUE, PLACE), PLACE)).value), text(VALUE))
      }),
    )
  }

  test('keys that it makes up open nothing', () =>
    withKms({}, async ({ envelope, plugin, restarted }) => {
      const sealed = envelope.seal(VALUE, PLACE)
      plugin.lies = { decrypt: () => ({ plaintext: new Uint8Array(32) }) }
      await assert.rejects(async () => (await restarted()).open(sealed, PLACE), {
        message: 'cipher: message authentication failed',
      })
      plugin.lies = { decrypt: () => ({ plaintext: new Uint8Array(3) }) }
      await assert.rejects(async () => (await restarted()).open(sealed, PLACE), {
        message: 'invalid seed length 3 used for key generation',
      })
    }))
})

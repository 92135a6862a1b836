import assert from 'node:assert/strict'
import { test } from 'node:test'
import { VirtualClock } from '../../../lib/clock.ts'
import { MemoryStore } from '../../../store/memory/store.ts'
import { RememberedTokens } from './remembered.ts'

const AUDIENCES = ['api']
const bytes = new TextEncoder().encode('{}')

async function setUp() {
  const store = new MemoryStore({ clock: new VirtualClock() })
  const written = await store.write({ key: '/registry/serviceaccounts/a/b', value: bytes })
  assert.ok(written.ok)
  const tokens = new RememberedTokens(store)
  const authentication = { user: { name: 'x', groups: [] } }
  const evidence = [{ key: '/registry/serviceaccounts/a/b', modRevision: written.revision }]
  tokens.keep('t', { authentication, evidence, uses: [], audiences: AUDIENCES, expires: 100, revision: store.revision })
  return { store, tokens, authentication }
}

test('an answer holds while what it rests on stays', async () => {
  const { store, tokens, authentication } = await setUp()
  assert.equal((await tokens.find('t', AUDIENCES, 1))?.authentication, authentication)
  await store.write({ key: '/registry/other', value: bytes })
  assert.equal((await tokens.find('t', AUDIENCES, 1))?.authentication, authentication)
  assert.equal(await tokens.find('another', AUDIENCES, 1), undefined)
})

test('an answer ends when what it rests on changes or goes', async () => {
  for (const value of [bytes, null]) {
    const { store, tokens } = await setUp()
    await store.write({ key: '/registry/serviceaccounts/a/b', value })
    assert.equal(await tokens.find('t', AUDIENCES, 1), undefined)
  }
})

test('an answer ends with its time, and is not for other audiences', async () => {
  const { tokens, authentication } = await setUp()
  assert.equal(await tokens.find('t', ['api'], 1), undefined)
  assert.equal((await tokens.find('t', AUDIENCES, 100))?.authentication, authentication)
  assert.equal(await tokens.find('t', AUDIENCES, 101), undefined)
  assert.equal(await tokens.find('t', AUDIENCES, 1), undefined)
})

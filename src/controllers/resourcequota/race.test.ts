import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { QuotaWorld } from './world.suite.ts'

async function filled(limit: number): Promise<QuotaWorld> {
  const world = await QuotaWorld.start(limit)
  for (let i = 0; i < limit; i++) assert.equal(await world.create(), 201)
  await world.advance(1000)
  return world
}

test('a charge whose object is on its way to the store is not given back with what was deleted', async () => {
  const world = await filled(5)
  await world.delete('m0')
  await world.delete('m1')
  await world.advance(1000)
  assert.equal(await world.used(), 3)
  world.holding = true
  const creating = [world.create(), world.create()]
  await world.settle()
  assert.deepEqual([await world.used(), world.held.length], [5, 2], 'charged, and not stored')
  await world.delete('m2')
  await world.advance(1000)
  assert.equal(await world.used(), 4)
  world.holding = false
  for (const held of world.held.slice()) await held.commit()
  assert.deepEqual(await Promise.all(creating), [201, 201])
  assert.deepEqual([await world.create(), await world.create()], [201, 403])
  assert.equal((await world.names()).length, 5)
  await world.stop()
})

test('a charge whose object is stored and was not told of yet is not given back', async () => {
  const world = await filled(5)
  await world.delete('m0')
  await world.advance(1000)
  world.silence()
  await world.delete('m1')
  assert.equal(await world.create(), 201)
  // The controller looks at it for another reason: the deletion is not told either.
  await world.advance(6 * 60_000)
  assert.equal(await world.used(), 4, 'nothing was charged for minutes: all that is there is there')
  await world.tell()
  await world.advance(1000)
  assert.equal(await world.used(), 4, 'what is counted already is not taken off again')
  await world.stop()
})

test('what was charged for creates that failed is given back, in a namespace that is busy too', async () => {
  const world = await QuotaWorld.start(10)
  world.holding = true
  const failing = [world.create(), world.create(), world.create()]
  await world.settle()
  for (const held of world.held.slice()) held.fail()
  assert.deepEqual(await Promise.all(failing), [500, 500, 500])
  world.holding = false
  for (let i = 0; i < 30; i++) {
    assert.equal(await world.create(), 201)
    const [oldest = ''] = await world.names()
    await world.delete(oldest)
    await world.advance(4000)
  }
  assert.equal(await world.used(), 0)
  await world.stop()
})

test('what was charged for a create that failed is given back when it is surely over, though nothing happens', async () => {
  const world = await QuotaWorld.start(2)
  assert.equal(await world.create(), 201)
  assert.equal(await world.create('m0'), 409)
  await world.advance(60_000)
  assert.equal(await world.used(), 2)
  await world.advance(32_000)
  assert.equal(await world.used(), 1)
  await world.stop()
})

test('a controller that begins anew takes nothing off that may be under way, and the rest in two minutes', async () => {
  const world = await filled(3)
  world.holding = true
  await world.delete('m0')
  await world.advance(1000)
  const creating = world.create()
  await world.settle()
  await world.restart()
  await world.delete('m1')
  await world.advance(30_000)
  assert.equal(await world.used(), 2)
  for (const held of world.held.slice()) held.fail()
  await creating
  await world.advance(120_000)
  assert.equal(await world.used(), 1)
  await world.stop()
})

test('a write of which nobody tells the outcome takes off nothing twice', async (t) => {
  for (const outcome of ['lost', 'landed'] as const) {
    await t.test(outcome, async () => {
      const world = await filled(4)
      world.nextWrite = outcome
      await world.delete('m0')
      await world.advance(2000)
      assert.equal(world.nextWrite, undefined)
      assert.equal(await world.used(), 3)
      await world.stop()
    })
  }
})

type Step =
  | { readonly do: 'create' | 'silence' | 'tell' | 'restart' | 'lost' | 'landed' }
  | { readonly do: 'delete' | 'commit' | 'fail'; readonly which: number }
  | { readonly do: 'wait'; readonly ms: number }

const steps: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.constant<Step>({ do: 'create' }) },
  { weight: 4, arbitrary: fc.nat(9).map((which): Step => ({ do: 'delete', which })) },
  { weight: 4, arbitrary: fc.nat(9).map((which): Step => ({ do: 'commit', which })) },
  { weight: 1, arbitrary: fc.nat(9).map((which): Step => ({ do: 'fail', which })) },
  { weight: 4, arbitrary: fc.constantFrom(0, 50, 150, 5000, 40_000).map((ms): Step => ({ do: 'wait', ms })) },
  { weight: 1, arbitrary: fc.constantFrom('silence', 'tell').map((what): Step => ({ do: what })) },
  { weight: 1, arbitrary: fc.constantFrom('restart', 'lost', 'landed').map((what): Step => ({ do: what })) },
)

/** Does one step. No create is under way longer than a request may be. */
async function take(world: QuotaWorld, step: Step, begun: Map<string, number>): Promise<void> {
  const now = world.clock.monotonic()
  for (const held of world.held.slice()) {
    const at = begun.get(held.key) ?? now
    begun.set(held.key, at)
    if (now - at > 20_000) await held.commit()
  }
  switch (step.do) {
    case 'create':
      void world.create()
      return world.settle()
    case 'delete': {
      const names = await world.names()
      const name = names[step.which % names.length]
      return name === undefined ? undefined : world.delete(name)
    }
    case 'commit':
      return world.held[step.which % world.held.length]?.commit()
    case 'fail':
      return world.held[step.which % world.held.length]?.fail()
    case 'wait':
      return world.advance(step.ms)
    case 'silence':
      return world.silence()
    case 'tell':
      return world.tell()
    case 'restart':
      return world.restart()
    default:
      world.nextWrite = step.do
  }
}

test('whatever comes in whatever order, there are never more objects than allowed; at rest what is used is what is there', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(steps, { minLength: 10, maxLength: 60 }), async (list) => {
      const world = await QuotaWorld.start(3)
      world.holding = true
      const begun = new Map<string, number>()
      for (const step of list) {
        await take(world, step, begun)
        const { length } = await world.names()
        const charged = await world.used()
        assert.ok(
          length + world.held.length <= charged,
          `${length} there, ${world.held.length} held, ${charged} charged`,
        )
        assert.ok(charged <= 3, `${charged} charged`)
      }
      for (const held of world.held.slice()) await held.commit()
      await world.tell()
      await world.advance(8 * 60_000)
      assert.equal(await world.used(), (await world.names()).length)
      await world.stop()
    }),
    { numRuns: Number(process.env['SKIFF_QUOTA_RUNS'] ?? 15) },
  )
})

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { Chance } from './chance.ts'
import { anyRequest } from './requests.ts'
import { fuzz, seeds } from './runs.ts'
import { shown, Target } from './target.ts'

let target: Target

before(async () => {
  target = await Target.start()
})

after(() => target.stop())

test('no request is answered with a fault of the server, and what is refused changes nothing', async () => {
  await fuzz(3000, seeds, async (seed) => {
    const request = anyRequest(new Chance(seed))
    const before = target.store.revision
    const response = await target.send(request)
    target.checkSound(request, response)
    if (response.status >= 400) assert.equal(target.store.revision, before, `refused, and written: ${shown(request)}`)
  })
})

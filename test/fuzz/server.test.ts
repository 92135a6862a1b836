import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { Chance } from './chance.ts'
import { anyRequest } from './requests.ts'
import { fuzz, seeds } from './runs.ts'
import type { WireRequest } from './wire.ts'
import { shown, Target } from './target.ts'

/** A collection is deleted object by object; a Service's address is taken before the Service is looked at, and given back. */
const mayWrite = ({ method, url }: WireRequest): boolean =>
  method === 'DELETE' || (method !== 'GET' && /\/services(\/[^/?]*)?(\?|$)/.test(url))

let target: Target

before(async () => {
  target = await Target.start()
})

after(() => target.stop())

test('no request is answered with a fault of the server, and what is refused changes nothing', async () => {
  await fuzz(2000, seeds, async (seed) => {
    const request = anyRequest(new Chance(seed))
    const before = target.store.revision
    const response = await target.send(request)
    target.checkSound(request, response)
    if (response.status >= 400 && !mayWrite(request))
      assert.equal(target.store.revision, before, `refused, and written: ${shown(request)}`)
  })
})

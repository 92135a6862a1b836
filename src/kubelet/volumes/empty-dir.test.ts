import assert from 'node:assert/strict'
import { test } from 'node:test'
import { VirtualClock } from '../../lib/clock.ts'
import { silentLogger } from '../../lib/log.ts'
import { seededRandom } from '../../lib/random.ts'
import type { Host } from '../host/host.ts'
import type { ReferencedObjects } from '../objects/objects.ts'
import { testPod } from '../testing/objects.ts'
import { VolumeMounter } from './mounter.ts'
import type { Tokens } from './tokens.ts'

for (const [medium, mode] of [
  ['', 0o777],
  ['Memory', 0o1777],
] as const)
  test(`everybody may write to an emptyDir${medium && ' in memory, and remove what is their own'}`, async () => {
    const modes: number[] = []
    const done = (): Promise<undefined> => Promise.resolve(undefined)
    const chmod = (_path: string, given: number): Promise<void> => {
      modes.push(given)
      return Promise.resolve()
    }
    const host = { files: { stat: done, mkdir: done, chmod }, mounts: { tmpfs: done } } as unknown as Host
    const mounter = new VolumeMounter({
      host,
      objects: {} as ReferencedObjects,
      env: { clock: new VirtualClock(), random: seededRandom(1), log: silentLogger },
      root: '/kubelet',
      tokens: {} as Tokens,
      allocatable: () => ({}),
    })
    await mounter.mount(testPod({ volumes: [{ name: 'v', emptyDir: { medium } }] }), { podIPs: [], hostIPs: [] })
    assert.deepEqual(modes, [mode])
  })

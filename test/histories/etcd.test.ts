import { test, type TestContext } from 'node:test'
import { systemClock } from '../../src/lib/clock.ts'
import { EtcdStore } from '../../src/store/etcd/store.ts'
import { type EtcdProcesses, noEtcd, startEtcd } from '../../src/store/etcd/testing/etcd-process.ts'
import { Run } from './run.ts'
import { serveApi } from './serve-api.ts'

const skip = noEtcd() ?? false
/** See histories.test.ts. */
const STEPS = Number(process.env['SKIFF_HISTORY_STEPS'] ?? 1000)
const SEED = Number(process.env['SKIFF_SEED'] ?? Date.now() % 100_000)

/** Two API servers over one etcd; clients turn to one and the other. */
async function servers(t: TestContext, etcd: EtcdProcesses): Promise<() => number> {
  const ports: number[] = []
  const closing: (() => Promise<void>)[] = []
  t.after(async () => {
    for (const close of closing) await close()
    await etcd.stop()
  })
  for (let i = 0; i < 2; i++) {
    const store = await EtcdStore.open({ endpoints: etcd.endpoints, clock: systemClock })
    const api = await serveApi(store, 0)
    ports.push(api.port)
    closing.push(() => api.close().then(() => store.close()))
  }
  let turn = 0
  return () => ports[turn++ % ports.length] ?? 0
}

const turn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 1))

test(
  `etcd, two servers: whatever clients do at once, it is as if one after another (seed ${SEED})`,
  { skip },
  async (t) => {
    const port = await servers(t, await startEtcd())
    const run = await Run.start({ port }, { clients: 8, keys: 4, watches: 6, seed: SEED })
    while (run.steps < STEPS) await turn()
    await run.finish()
  },
)

test(`etcd, two servers, members that die: the same (seed ${SEED})`, { skip }, async (t) => {
  const etcd = await startEtcd({ members: 3 })
  const port = await servers(t, etcd)
  const run = await Run.start({ port, back: turn }, { clients: 8, keys: 4, watches: 6, seed: SEED })
  for (let i = 0; run.steps < STEPS; i++) {
    const member = etcd.members[i % etcd.members.length]
    await member?.kill()
    const target = run.steps + 100
    while (run.steps < target) await turn()
    await member?.restart()
  }
  await run.finish()
})

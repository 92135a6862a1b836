/**
 * The process that the kill test kills: `server-process.ts FOLDER`. A whole API server over the store in FOLDER; prints its port when it
 * answers.
 */
import { flushCompileCache } from 'node:module'
import { systemClock } from '../../src/lib/clock.ts'
import { keepAlive } from '../../src/lib/host/keep-alive.ts'
import { LmdbStore } from '../../src/store/lmdb/store.ts'
import { serveApi } from './serve-api.ts'

const [, , path = ''] = process.argv
keepAlive()
const { port } = await serveApi(await LmdbStore.open({ path, clock: systemClock }), 0)
flushCompileCache()
process.stdout.write(`${port}\n`)

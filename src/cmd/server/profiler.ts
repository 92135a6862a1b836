import { Session } from 'node:inspector/promises'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import type { Profiler } from '../../apiserver/debugging/profiles.ts'
import { type Clock, sleep } from '../../lib/clock.ts'
import { cpuProfile, heapProfile } from './pprof.ts'

const gzipped = promisify(gzip)

/** How many bytes lie between two samples of the heap, about: V8's own choice. */
const HEAP_INTERVAL = 32_768

/**
 * Profiles this process by V8's own profiler. Memory is sampled from the first time that somebody asks for it: to sample always would cost all
 * who never ask.
 */
export function processProfiler(clock: Clock): Profiler {
  let busy = false
  let heap: Promise<Session> | undefined
  return {
    async cpu(seconds, signal) {
      if (busy) throw new Error('cpu profiling already in use')
      busy = true
      const session = new Session()
      try {
        session.connect()
        await session.post('Profiler.enable')
        await session.post('Profiler.start')
        await sleep(clock, seconds * 1000, signal)
        const { profile } = await session.post('Profiler.stop')
        return await gzipped(cpuProfile(profile))
      } finally {
        session.disconnect()
        busy = false
      }
    },
    async heap() {
      const session = await (heap ??= sampling())
      const { profile } = await session.post('HeapProfiler.getSamplingProfile')
      return gzipped(heapProfile(profile))
    },
  }
}

async function sampling(): Promise<Session> {
  const session = new Session()
  session.connect()
  await session.post('HeapProfiler.enable')
  await session.post('HeapProfiler.startSampling', { samplingInterval: HEAP_INTERVAL })
  return session
}

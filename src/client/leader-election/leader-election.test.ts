import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { leases } from '../../api/index.ts'
import { sleep } from '../../lib/clock.ts'
import { testBench, type TestBench } from '../testing/test-env.ts'
import { TransportError } from '../transport.ts'
import { runWhenLeading } from './leader-election.ts'

interface Candidate {
  readonly stop: () => void
  readonly ended: Promise<void>
}

/** A candidate that notes in `log` when it starts and stops leading. */
function candidate(bench: TestBench, identity: string, log: string[], releaseOnStop = false): Candidate {
  const controller = new AbortController()
  const options = { ...bench, lease: 'kube-system/test', identity, signal: controller.signal, releaseOnStop }
  const ended = runWhenLeading(options, async (signal) => {
    log.push(`${identity} leads`)
    await sleep(bench.clock, 10 ** 9, signal).catch(() => undefined)
    log.push(`${identity} stops`)
  })
  return { stop: () => controller.abort(new Error('stopped')), ended }
}

describe('runWhenLeading', () => {
  it('lets one lead, and the next 15 s after the first is gone', async () => {
    const bench = testBench()
    const log: string[] = []
    const a = candidate(bench, 'a', log)
    await bench.clock.advance(1000)
    const b = candidate(bench, 'b', log)
    await bench.clock.advance(60_000)
    assert.deepEqual(log, ['a leads'])
    a.stop()
    await bench.clock.advance(13_000)
    assert.deepEqual(log, ['a leads', 'a stops'])
    await bench.clock.advance(8000)
    assert.deepEqual(log, ['a leads', 'a stops', 'b leads'])
    const lease = await bench.client(leases).get('kube-system/test')
    assert.equal(lease.spec?.leaseTransitions, 1)
    assert.equal(lease.spec?.leaseDurationSeconds, 15)
    b.stop()
    await Promise.all([a.ended, b.ended])
  })

  it('gives the lease back when asked to', async () => {
    const bench = testBench()
    const log: string[] = []
    const a = candidate(bench, 'a', log, true)
    await bench.settle()
    const b = candidate(bench, 'b', log)
    await bench.settle()
    a.stop()
    await bench.clock.advance(5000)
    assert.deepEqual(log, ['a leads', 'a stops', 'b leads'])
    b.stop()
    await b.ended
  })

  it('stops leading when the lease cannot be renewed for 10 s', async () => {
    const bench = testBench()
    const log: string[] = []
    const a = candidate(bench, 'a', log)
    await bench.clock.advance(4000)
    bench.api.intercept = () => {
      throw new TransportError('connection refused')
    }
    await bench.clock.advance(9000)
    assert.deepEqual(log, ['a leads'])
    await bench.clock.advance(4000)
    assert.deepEqual(log, ['a leads', 'a stops'])
    await a.ended
  })

  it('ends with the error of the work', async () => {
    const bench = testBench()
    const options = { ...bench, lease: 'kube-system/test', identity: 'a' }
    const ended = runWhenLeading(options, async () => {
      throw new Error('broken')
    })
    const rejected = assert.rejects(ended, /broken/)
    await bench.settle()
    await rejected
  })
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Logger, silentLogger } from '../../lib/log.ts'
import { testBench } from '../testing/test-env.ts'
import { EventSender } from './sender.ts'

test('what is dropped is counted in one line', async () => {
  const bench = testBench()
  const lines: string[] = []
  const log: Logger = {
    ...silentLogger,
    warn: (message, fields) => void lines.push(fields ? `${message} ${JSON.stringify(fields)}` : message),
  }
  const sender = new EventSender({ ...bench.env, log }, bench.signal)
  let open: () => void = () => {}
  const gate = new Promise<void>((resolve) => (open = resolve))
  let sent = 0
  const send = async (): Promise<void> => {
    await gate
    sent++
  }
  for (let i = 0; i < 1301; i++) sender.push(send)
  assert.deepEqual(lines, ['too many queued events, dropping what comes'])
  open()
  await bench.settle()
  // One was on its way already.
  assert.equal(sent, 1001)
  assert.deepEqual(lines.slice(1), ['too many queued events, dropped some {"dropped":300}'])
  sender.push(send)
  await bench.settle()
  assert.deepEqual([sent, lines.length], [1002, 2])
  bench.stop()
})

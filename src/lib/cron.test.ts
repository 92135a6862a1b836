import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseCron } from './cron.ts'

const parse = (text: string) => parseCron(text, Number)

test('fields, names, ranges and steps are understood', () => {
  const schedule = parse('*/15 0-4/2 1,15 jan-mar MON-FRI')
  assert.deepEqual([...schedule.minutes], [0, 15, 30, 45])
  assert.deepEqual([...schedule.hours], [0, 2, 4])
  assert.deepEqual([...schedule.daysOfMonth], [1, 15])
  assert.deepEqual([...schedule.months], [1, 2, 3])
  assert.deepEqual([...schedule.daysOfWeek], [1, 2, 3, 4, 5])
  assert.equal(schedule.anyDayOfMonth, false)
  assert.deepEqual([...parse('@hourly').minutes], [0])
  assert.deepEqual([...parse('50/5 * * * *').minutes], [50, 55])
  assert.equal(parse('@every 90000').everyMs, 90000)
  assert.equal(parse('TZ=UTC 0 0 * * *').anyDayOfWeek, true)
})

test('what cannot be read is told in the words of upstream’s parser', () => {
  for (const [text, message] of [
    ['* * * *', 'expected exactly 5 fields, found 4: [* * * *]'],
    ['60 * * * *', 'end of range (60) above maximum (59): 60'],
    ['* * 0 * *', 'beginning of range (0) below minimum (1): 0'],
    ['5-1 * * * *', 'beginning of range (5) beyond end of range (1): 5-1'],
    ['*/0 * * * *', 'step of range should be a positive number: */0'],
    ['1-2-3 * * * *', 'too many hyphens: 1-2-3'],
    ['1/2/3 * * * *', 'too many slashes: 1/2/3'],
    ['error * * * *', 'failed to parse int from error: strconv.Atoi: parsing "error": invalid syntax'],
    ['@unknown', 'unrecognized descriptor: @unknown'],
  ] as const)
    assert.throws(() => parse(text), { name: 'CronError', message })
})

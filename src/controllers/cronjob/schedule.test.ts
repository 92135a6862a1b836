import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { parseDuration } from '../../apimachinery/duration/duration.ts'
import { parseCron } from '../../lib/cron.ts'
import { missedTimes, nextTime, ZoneClock } from './schedule.ts'

const utc = new ZoneClock('UTC')
const cron = (text: string) => parseCron(text, parseDuration)
const next = (text: string, after: string, zone = utc): string =>
  new Date(nextTime(cron(text), Date.parse(after), zone) ?? NaN).toISOString().slice(0, 16)

describe('nextTime', () => {
  const cases: [string, string, string][] = [
    ['* * * * *', '2026-01-01T00:00:00Z', '2026-01-01T00:01'],
    ['*/15 * * * *', '2026-01-01T00:50:30Z', '2026-01-01T01:00'],
    ['0 0 * * *', '2026-01-01T00:00:00Z', '2026-01-02T00:00'],
    ['30 4 1 * *', '2026-01-01T05:00:00Z', '2026-02-01T04:30'],
    ['0 12 * * mon', '2026-01-01T00:00:00Z', '2026-01-05T12:00'],
    ['0 0 29 2 *', '2026-01-01T00:00:00Z', '2028-02-29T00:00'],
    ['0 0 13 * fri', '2026-01-01T00:00:00Z', '2026-01-02T00:00'],
    ['@yearly', '2026-06-01T00:00:00Z', '2027-01-01T00:00'],
    ['@every 90m', '2026-01-01T00:00:00Z', '2026-01-01T01:30'],
  ]
  for (const [text, after, expected] of cases)
    it(`${text} after ${after}`, () => assert.equal(next(text, after), expected))

  it('never comes for a day that no month has', () => assert.equal(nextTime(cron('0 0 31 2 *'), 0, utc), undefined))

  const berlin = new ZoneClock('Europe/Berlin')
  it('goes by the clock of the zone', () => {
    assert.equal(next('0 9 * * *', '2026-01-10T00:00:00Z', berlin), '2026-01-10T08:00')
    assert.equal(next('0 9 * * *', '2026-07-10T00:00:00Z', berlin), '2026-07-10T07:00')
  })
  it('leaves out what the clock skips in spring', () =>
    assert.equal(next('30 2 * * *', '2026-03-28T23:30:00Z', berlin), '2026-03-30T00:30'))
  it('takes the first of what comes twice in autumn', () =>
    assert.equal(next('30 2 * * *', '2026-10-24T23:30:00Z', berlin), '2026-10-25T00:30'))
  it("does not know a zone that isn't one", () => assert.throws(() => new ZoneClock('Moon/Crater'), RangeError))
})

describe('missedTimes', () => {
  it('finds the latest time that has passed, as walking all of them would', () => {
    const texts = ['* * * * *', '*/7 * * * *', '0 3 * * *', '15 14 1 * *', '0 22 * * 1-5', '@every 37m']
    const scenario = fc.record({
      text: fc.constantFrom(...texts),
      since: fc.integer({ min: 0, max: 10_000 }),
      minutes: fc.nat(40_000),
    })
    fc.assert(
      fc.property(scenario, ({ text, since, minutes }) => {
        const schedule = cron(text)
        const earliest = Date.UTC(2026, 0, 1) + since * 60_000
        const now = earliest + minutes * 60_000
        let walked: number | undefined
        for (
          let at = nextTime(schedule, earliest, utc);
          at !== undefined && at <= now;
          at = nextTime(schedule, at, utc)
        )
          walked = at
        const { latestMs } = missedTimes(schedule, earliest, now, utc)
        // @every counts from whenever it is asked.
        if (!text.startsWith('@every')) assert.equal(latestMs, walked)
        else assert.equal(latestMs === undefined, walked === undefined)
      }),
      { numRuns: 60 },
    )
  })
})

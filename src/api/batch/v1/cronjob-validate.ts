import { parseDuration } from '../../../apimachinery/duration/duration.ts'
import type { Frozen } from '../../../apimachinery/meta.ts'
import { type FieldError, invalid, notSupported, required } from '../../../apimachinery/status.ts'
import { CronError, parseCron } from '../../../lib/cron.ts'
import { nonNegative, oneOf } from '../../checks.ts'
import type { CronJob } from '../../generated/types/batch/v1.ts'
import { validateJobSpec } from './job-validate.ts'

/** validateCronJobSpec. */
export function* validateCronJob({ spec }: Frozen<CronJob>): Iterable<FieldError> {
  const { schedule, timeZone, jobTemplate } = spec
  if (!schedule) yield required('spec.schedule')
  else {
    const problem = scheduleProblem(schedule)
    if (problem !== undefined) yield invalid('spec.schedule', schedule, problem)
    if (schedule.includes('TZ')) {
      const text = 'cannot use TZ or CRON_TZ in schedule, use timeZone field instead'
      yield invalid('spec.schedule', schedule, text)
    }
  }
  yield* nonNegative('spec.startingDeadlineSeconds', spec.startingDeadlineSeconds)
  if (timeZone !== undefined) yield* validateTimeZone(timeZone)
  yield* oneOf('spec.concurrencyPolicy', spec.concurrencyPolicy, ['Allow', 'Forbid', 'Replace'])
  yield* validateJobSpec(jobTemplate.spec, 'spec.jobTemplate.spec')
  const { selector, manualSelector } = jobTemplate.spec
  if (selector) yield invalid('spec.jobTemplate.spec.selector', selector, '`selector` will be auto-generated')
  if (manualSelector) yield notSupported('spec.jobTemplate.spec.manualSelector', true, ['nil', 'false'])
  yield* nonNegative('spec.successfulJobsHistoryLimit', spec.successfulJobsHistoryLimit)
  yield* nonNegative('spec.failedJobsHistoryLimit', spec.failedJobsHistoryLimit)
}

/** Its jobs' names add eleven characters. */
export function* validateCronJobCreate({ metadata }: Frozen<CronJob>): Iterable<FieldError> {
  const name = metadata.name ?? ''
  if (name.length > 52) yield invalid('metadata.name', name, 'must be no more than 52 characters')
}

function scheduleProblem(schedule: string): string | undefined {
  try {
    parseCron(schedule, parseDuration)
    return undefined
  } catch (error) {
    if (error instanceof CronError) return error.message
    throw error
  }
}

function* validateTimeZone(zone: string): Iterable<FieldError> {
  const field = 'spec.timeZone'
  if (zone === '') return yield invalid(field, zone, 'timeZone must be nil or non-empty string')
  for (const part of zone.split('/')) {
    if (part === '.' || part === '..' || !/^[A-Za-z._0-9+][A-Za-z.\-_0-9+]{0,13}$/.test(part)) {
      return yield invalid(field, zone, `unknown time zone ${zone}`)
    }
  }
  if (zone.toLowerCase() === 'local') {
    const text = 'timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones'
    yield invalid(field, zone, text)
  }
  if (!isTimeZone(zone)) yield invalid(field, zone, `unknown time zone ${zone}`)
}

/** Whether the host's time zone database has it. */
function isTimeZone(zone: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: zone }).format(0) !== ''
  } catch (error) {
    if (error instanceof RangeError) return false
    throw error
  }
}

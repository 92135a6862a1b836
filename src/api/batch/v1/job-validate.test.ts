import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Job } from '../../generated/types/batch/v1.ts'
import { validateJobStatus } from './job-status-validate.ts'
import { validateJobChanges } from './job-validate.ts'

test('a template changes only where its job is suspended, and says so', () => {
  const job = (image: string, cpu: string, status: Job['status']): Job => ({
    metadata: { name: 'a' },
    spec: {
      suspend: true,
      template: { spec: { containers: [{ name: 'a', image, resources: { requests: { cpu } } }] } },
    },
    status,
  })
  const fields = (now: Job, old: Job): string[] => [...validateJobChanges(now, old)].map(({ field }) => field)
  const suspended: Job['status'] = { conditions: [{ type: 'Suspended', status: 'True' }] }
  assert.deepEqual(fields(job('i', '2', suspended), job('i', '1', suspended)), [])
  assert.deepEqual(fields(job('j', '1', suspended), job('i', '1', suspended)), ['spec.template.spec'])
  assert.deepEqual(fields(job('i', '2', {}), job('i', '1', {})), ['spec.template'])
  const running = { ...suspended, active: 1 }
  assert.deepEqual(fields(job('i', '2', running), job('i', '1', running)), ['spec.template'])
})

test('a job that goes on starts anew; the start of one that works stays', () => {
  const job = (startTime: string, suspended: 'True' | 'False'): Job => ({
    metadata: { name: 'a' },
    spec: { suspend: false, template: { spec: { containers: [] } } },
    status: { startTime, conditions: [{ type: 'Suspended', status: suspended }] },
  })
  const [before, after] = ['2024-01-01T00:00:00Z', '2024-01-01T01:00:00Z']
  const fields = (now: Job, old: Job): string[] => [...validateJobStatus(now, old)].map(({ field }) => field)
  assert.deepEqual(fields(job(after, 'False'), job(before, 'True')), [])
  assert.deepEqual(fields(job(after, 'False'), job(before, 'False')), ['status.startTime'])
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { conversionMetrics } from '../customresources/conversion/metrics.ts'
import { GuardedServer } from '../guarded-server.suite.ts'
import { systemClock } from '../../lib/clock.ts'
import { Metrics } from './metrics.ts'

async function told(metrics: Metrics, name: string): Promise<string[]> {
  const lines = (await metrics.text()).split('\n').filter((line) => line.startsWith(name))
  return lines.map((line) => line.slice(name.length)).sort()
}

test('what stands before a request is counted: flow control, authorization, acting as others', async () => {
  const guarded = await GuardedServer.start()
  const { metrics } = guarded.server
  const path = '/api/v1/namespaces/default/configmaps'
  const before = await told(metrics, 'authorization_attempts_total')
  assert.match(before.join(), /^\{result="allowed"\} \d+$/)
  await guarded.as('alice').refused(403, 'GET', path)
  assert.deepEqual((await told(metrics, 'authorization_attempts_total')).slice(1), ['{result="no-opinion"} 1'])
  assert.match((await told(metrics, 'authorization_duration_seconds_count')).join(), /\{result="no-opinion"\} 1$/)
  const filters = await told(metrics, 'apiserver_request_filter_duration_seconds_count')
  assert.deepEqual(
    filters.map((line) => line.replace(/ .*/, '')),
    ['{filter="authorization"}', '{filter="constrainedimpersonation"}', '{filter="priorityandfairness"}'],
  )
  await guarded.send('GET', path, undefined, { 'impersonate-user': 'carol' })
  await guarded.as('alice').send('GET', path, undefined, { 'impersonate-user': 'carol' })
  assert.deepEqual(await told(metrics, 'apiserver_impersonation_attempts_total'), [
    '{decision="allowed",mode="user-info"} 1',
    '{decision="denied",mode=""} 1',
  ])
  assert.deepEqual(
    (await told(metrics, 'apiserver_impersonation_authorization_attempts_total')).map((line) => line.split(' ')[0]),
    [
      '{decision="allowed",mode="user-info"}',
      '{decision="denied",mode="legacy"}',
      '{decision="denied",mode="user-info"}',
    ],
  )
})

test('pods that are held to a standard are counted by mode and what came of it', async () => {
  const metrics = new Metrics()
  const guarded = await GuardedServer.start({ metrics })
  const labels = {
    'pod-security.kubernetes.io/enforce': 'baseline',
    'pod-security.kubernetes.io/enforce-version': 'v1.99',
    'pod-security.kubernetes.io/warn': 'restricted',
    'pod-security.kubernetes.io/warn-version': 'v1.30',
  }
  await guarded.create('/api/v1/namespaces', { metadata: { name: 'strict', labels } })
  for (const namespace of ['strict', 'default'])
    await guarded.create(`/api/v1/namespaces/${namespace}/serviceaccounts`, { metadata: { name: 'default' } })
  const pod = { metadata: { name: 'p' }, spec: { containers: [{ name: 'a', image: 'b' }] } }
  await guarded.create('/api/v1/namespaces/default/pods', pod)
  await guarded.create('/api/v1/namespaces/strict/pods', pod)
  const rest = 'request_operation="create",resource="pod",subresource=""'
  assert.deepEqual(await told(metrics, 'pod_security_evaluations_total'), [
    `{decision="allow",mode="enforce",policy_level="baseline",policy_version="future",${rest}} 1`,
    `{decision="allow",mode="enforce",policy_level="privileged",policy_version="latest",${rest}} 1`,
    `{decision="deny",mode="warn",policy_level="restricted",policy_version="v1.30",${rest}} 1`,
  ])
})

test('calls of conversion webhooks are counted by why they were of no use', async () => {
  const metrics = new Metrics()
  const count = conversionMetrics(metrics, systemClock)
  count()()
  count()('conversion_webhook_partial_response_failure')
  assert.deepEqual(await told(metrics, 'apiserver_conversion_webhook_request_total'), [
    '{failure_type="",result="success"} 1',
    '{failure_type="conversion_webhook_partial_response_failure",result="failure"} 1',
  ])
})

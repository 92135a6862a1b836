import assert from 'node:assert/strict'
import { test } from 'node:test'
import { GuardedServer } from '../guarded-server.suite.ts'
import { Metrics } from '../metrics/metrics.ts'
import type { CallWebhook } from './webhooks/types.ts'

const MAPS = '/api/v1/namespaces/default/configmaps'
const GROUP = '/apis/admissionregistration.k8s.io/v1'
const RULE = { operations: ['CREATE'], apiGroups: [''], apiVersions: ['v1'], resources: ['configmaps'] }

/** Refuses what is named `refused`, cannot be asked about `broken`. */
const callWebhook: CallWebhook = ({ body }) => {
  const { request } = JSON.parse(new TextDecoder().decode(body)) as { request: { uid: string; name: string } }
  if (request.name === 'broken') return Promise.resolve({ status: 500, contentType: '', body: new Uint8Array() })
  const response = { uid: request.uid, allowed: request.name !== 'refused', status: { code: 418 } }
  const review = { kind: 'AdmissionReview', apiVersion: 'admission.k8s.io/v1', response }
  const text = new TextEncoder().encode(JSON.stringify(review))
  return Promise.resolve({ status: 200, contentType: 'application/json', body: text })
}

const hook = (name: string, more: object): object => ({
  name: `${name}.example.com`,
  clientConfig: { url: 'https://hooks.example.com/' },
  rules: [RULE],
  sideEffects: 'None',
  admissionReviewVersions: ['v1'],
  ...more,
})

/** The lines of some metrics, without those of durations that chance makes. */
async function lines(metrics: Metrics, word: string): Promise<string[]> {
  const text = await metrics.text()
  return text
    .split('\n')
    .filter((line) => !line.startsWith('#') && line.includes(word) && !/_(bucket|sum)\{/.test(line))
}

test('webhooks are counted by what became of the call', async () => {
  const metrics = new Metrics()
  const api = await GuardedServer.start({ callWebhook, metrics })
  const webhooks = [
    hook('strict', { matchConditions: [{ name: 'c', expression: "object.metadata.name != 'spared'" }] }),
    hook('lax', { failurePolicy: 'Ignore' }),
  ]
  await api.create(`${GROUP}/validatingwebhookconfigurations`, { metadata: { name: 'c' }, webhooks })
  await api.create(MAPS, { metadata: { name: 'fine' } })
  await api.create(MAPS, { metadata: { name: 'spared' } })
  await api.refused(418, 'POST', MAPS, { metadata: { name: 'refused' } })
  await api.refused(500, 'POST', MAPS, { metadata: { name: 'broken' } })
  const of = 'operation="CREATE"'
  assert.deepEqual(await lines(metrics, 'webhook_request_total'), [
    `apiserver_admission_webhook_request_total{code="200",name="lax.example.com",${of},rejected="false",type="validating"} 2`,
    `apiserver_admission_webhook_request_total{code="200",name="strict.example.com",${of},rejected="false",type="validating"} 1`,
    `apiserver_admission_webhook_request_total{code="418",name="lax.example.com",${of},rejected="true",type="validating"} 1`,
    `apiserver_admission_webhook_request_total{code="418",name="strict.example.com",${of},rejected="true",type="validating"} 1`,
    `apiserver_admission_webhook_request_total{code="500",name="lax.example.com",${of},rejected="false",type="validating"} 1`,
    `apiserver_admission_webhook_request_total{code="500",name="strict.example.com",${of},rejected="true",type="validating"} 1`,
  ])
  assert.deepEqual(await lines(metrics, 'webhook_rejection_count'), [
    `apiserver_admission_webhook_rejection_count{error_type="calling_webhook_error",name="strict.example.com",${of},rejection_code="500",type="validating"} 1`,
    `apiserver_admission_webhook_rejection_count{error_type="no_error",name="lax.example.com",${of},rejection_code="418",type="validating"} 1`,
    `apiserver_admission_webhook_rejection_count{error_type="no_error",name="strict.example.com",${of},rejection_code="418",type="validating"} 1`,
  ])
  assert.deepEqual(await lines(metrics, 'fail_open_count'), [
    'apiserver_admission_webhook_fail_open_count{name="lax.example.com",type="validating"} 1',
  ])
  assert.deepEqual(await lines(metrics, 'match_condition_exclusions_total'), [
    `apiserver_admission_match_condition_exclusions_total{kind="webhook",name="strict.example.com",${of},type="validate"} 1`,
  ])
  assert.equal((await lines(metrics, 'webhook_admission_duration_seconds_count')).length, 4)
})

test('policies are counted by what was done about a failure', async () => {
  const metrics = new Metrics()
  const api = await GuardedServer.start({ metrics })
  const spec = (expression: string, more: object = {}): object => ({
    matchConstraints: { resourceRules: [RULE] },
    validations: [{ expression }],
    ...more,
  })
  const policies = {
    refuses: [spec('false'), ['Warn', 'Audit']],
    fails: [spec("object.data.none == 'x'"), ['Deny']],
    ignored: [spec("object.data.none == 'x'", { failurePolicy: 'Ignore' }), ['Deny']],
    passes: [spec('true'), ['Deny']],
  } as const
  for (const [name, [policy, validationActions]] of Object.entries(policies)) {
    await api.create(`${GROUP}/validatingadmissionpolicies`, { metadata: { name }, spec: policy })
    const binding = { metadata: { name: 'b-' + name }, spec: { policyName: name, validationActions } }
    await api.create(`${GROUP}/validatingadmissionpolicybindings`, binding)
  }
  await api.refused(422, 'POST', MAPS, { metadata: { name: 'm' }, data: { a: 'b' } })
  const total = 'apiserver_validating_admission_policy_check_total'
  assert.deepEqual(await lines(metrics, total), [
    `${total}{enforcement_action="allow",error_type="invalid_error",policy="ignored",policy_binding="b-ignored"} 1`,
    `${total}{enforcement_action="audit",error_type="invalid_error",policy="refuses",policy_binding="b-refuses"} 1`,
    `${total}{enforcement_action="deny",error_type="invalid_error",policy="fails",policy_binding="b-fails"} 1`,
    `${total}{enforcement_action="warn",error_type="invalid_error",policy="refuses",policy_binding="b-refuses"} 1`,
  ])
})

test('plugins are timed, each by itself and together', async () => {
  const api = await GuardedServer.start({})
  await api.create('/api/v1/namespaces', { metadata: { name: 'n' } })
  await api.refused(404, 'POST', '/api/v1/namespaces/none/configmaps', { metadata: { name: 'm' } })
  const created = 'operation="CREATE"'
  const steps = await lines(api.server.metrics, 'step_admission_duration_seconds_count')
  assert.ok(steps.some((line) => line.includes(`${created},rejected="false",type="validate"`)))
  assert.ok(
    steps.some((line) => line.endsWith(`${created},rejected="true",type="admit"} 1`)),
    steps.join('\n'),
  )
  const plugins = await lines(api.server.metrics, 'controller_admission_duration_seconds_count')
  assert.ok(
    plugins.some((line) => line.endsWith(`name="NamespaceLifecycle",${created},rejected="true",type="admit"} 1`)),
  )
})

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { testCertificate } from '../../src/apiserver/http/test-certificate.ts'
import { must, send, type Target } from '../target.ts'
import { load } from '../wrk.ts'
import type { Row, RowContext } from './row.ts'

const GROUP = '/apis/admissionregistration.k8s.io/v1'
/** What is refused by the last policy and by the webhook: so it is seen that they are in force. */
const REFUSED = { refused: 'yes' }
const RULE = { operations: ['CREATE'], apiGroups: [''], apiVersions: ['v1'], resources: ['configmaps'] }

/** Creates of objects of 1 KB under policies of users, and with a webhook that answers at once. */
export const admissionRows: readonly Row[] = [...[1, 10, 50].map(policiesRow), webhookRow()]

function policiesRow(count: number): Row {
  return {
    name: `create 1 KB under ${count} validating policies, 32 clients`,
    unit: '/s',
    higherIsBetter: true,
    async measure(target, context) {
      const namespace = `bench-policies-${count}`
      await must(target, 'POST', '/api/v1/namespaces', { metadata: { name: namespace } })
      for (let i = 0; i < count; i++) await makePolicy(target, namespace, i)
      return createdIn(target, namespace, context)
    },
  }
}

/** Of the sort that people write: a few fields, a condition, a label. */
async function makePolicy(target: Target, namespace: string, index: number): Promise<void> {
  const name = `${namespace}-${index}`
  const namespaceSelector = { matchLabels: { 'kubernetes.io/metadata.name': namespace } }
  await must(target, 'POST', `${GROUP}/validatingadmissionpolicies`, {
    metadata: { name },
    spec: {
      matchConstraints: { resourceRules: [RULE], namespaceSelector },
      validations: [
        { expression: `object.metadata.name.size() < ${200 + index} && object.data.all(k, k.size() < 100)` },
        { expression: "object.metadata.?labels['refused'].orValue('no') != 'yes'", message: 'refused' },
      ],
    },
  })
  const spec = { policyName: name, validationActions: ['Deny'] }
  await must(target, 'POST', `${GROUP}/validatingadmissionpolicybindings`, { metadata: { name }, spec })
}

function webhookRow(): Row {
  return {
    name: 'create 1 KB with a validating webhook, 32 clients',
    unit: '/s',
    higherIsBetter: true,
    async measure(target, context) {
      const namespace = 'bench-webhook'
      const webhook = spawn(process.execPath, [join(import.meta.dirname, '../webhook-process.ts')], {
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      try {
        const [port] = (await once(webhook.stdout, 'data')) as [Buffer]
        await must(target, 'POST', '/api/v1/namespaces', { metadata: { name: namespace } })
        await configure(target, namespace, Number(String(port)))
        return await createdIn(target, namespace, context)
      } finally {
        await send(target, 'DELETE', `${GROUP}/validatingwebhookconfigurations/${namespace}`)
        webhook.kill()
      }
    },
  }
}

async function configure(target: Target, namespace: string, port: number): Promise<void> {
  await must(target, 'POST', `${GROUP}/validatingwebhookconfigurations`, {
    metadata: { name: namespace },
    webhooks: [
      {
        name: 'bench.example.com',
        clientConfig: { url: `https://localhost:${port}/`, caBundle: btoa(testCertificate.cert) },
        rules: [RULE],
        namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } },
        sideEffects: 'None',
        admissionReviewVersions: ['v1'],
      },
    ],
  })
}

/** Creates a second once what is configured is in force. */
async function createdIn(target: Target, namespace: string, { seconds, note }: RowContext): Promise<number> {
  const path = `/api/v1/namespaces/${namespace}/configmaps`
  const probe = { metadata: { name: 'probe', labels: REFUSED } }
  while ((await send(target, 'POST', `${path}?dryRun=All`, probe)).status < 300) await sleep(100)
  const result = await load(target, { path, script: 'create', clients: 32, seconds })
  note(`${namespace}: p50 ${result.p50Ms.toFixed(2)} ms, p99 ${result.p99Ms.toFixed(2)} ms`)
  if (result.failures > 0) throw new Error(`${result.failures} requests failed`)
  return result.perSecond
}

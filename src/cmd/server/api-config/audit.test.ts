import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { ApiFlagValues } from '../../../cli/api-flags/values.ts'
import { auditConfig } from './audit.ts'

const folder = mkdtempSync(join(tmpdir(), 'skiff-audit-flags-'))
after(() => rmSync(folder, { recursive: true }))

const read = (flags: Readonly<Record<string, string>>): ReturnType<typeof auditConfig> =>
  auditConfig(new ApiFlagValues(Object.fromEntries(Object.entries(flags).map(([name, value]) => [name, [value]]))))

const REFUSED: readonly (readonly [flags: Readonly<Record<string, string>>, message: string])[] = [
  [
    {
      'audit-log-path': '/x',
      'audit-log-mode': 'foo',
      'audit-log-format': 'bar',
      'audit-log-maxage': '-1',
      'audit-log-version': 'audit.k8s.io/v2',
      'audit-log-truncate-max-event-size': '0',
    },
    '[invalid audit log mode foo, allowed modes are "batch,blocking,blocking-strict", invalid audit truncate log max event size 0, must be a positive number, invalid group version, allowed versions are ["audit.k8s.io/v1"], invalid audit log format bar, allowed formats are "legacy,json", --audit-log-maxage -1 can\'t be a negative number]',
  ],
  [
    { 'audit-log-path': '/x', 'audit-log-mode': 'batch', 'audit-log-batch-buffer-size': '0' },
    'invalid audit batch log buffer size 0, must be a positive number',
  ],
  [
    { 'audit-webhook-config-file': '/x', 'audit-webhook-batch-throttle-qps': '0' },
    'invalid audit batch webhook throttle QPS 0, must be a positive number',
  ],
  [
    { 'audit-policy-file': '/nonexistent' },
    'loading audit policy file: failed to read file path "/nonexistent": open /nonexistent: no such file or directory',
  ],
]

for (const [flags, message] of REFUSED)
  test(`refused in upstream's words: --${Object.keys(flags).join(' --')}`, () => {
    assert.throws(() => read(flags), { name: 'UserError', message })
  })

test('what is wrong with a policy is told with its file', () => {
  const file = join(folder, 'policy.yaml')
  writeFileSync(file, 'apiVersion: audit.k8s.io/v1\nkind: Policy\n')
  const message = `loading audit policy file: loaded illegal policy with 0 rules: from file ${file}`
  assert.throws(() => read({ 'audit-policy-file': file }), { name: 'UserError', message })
})

test("upstream's defaults", () => {
  const file = join(folder, 'good.yaml')
  writeFileSync(file, 'apiVersion: audit.k8s.io/v1\nkind: Policy\nrules: [{level: Metadata}]\n')
  const { policy, log, webhook } = read({
    'audit-policy-file': file,
    'audit-log-path': '-',
    'audit-webhook-config-file': '/x',
  })
  assert.deepEqual(policy?.rules, [{ level: 'Metadata' }])
  assert.deepEqual(log, {
    path: '-',
    format: 'json',
    mode: 'blocking',
    rotation: { maxSize: 100, maxAge: 366, maxBackups: 100, compress: false },
    batch: { bufferSize: 10_000, maxBatchSize: 1, maxBatchWaitMs: 0, async: false },
  })
  assert.deepEqual(webhook, {
    kubeconfig: '/x',
    initialBackoffMs: 10_000,
    mode: 'batch',
    batch: {
      bufferSize: 10_000,
      maxBatchSize: 400,
      maxBatchWaitMs: 30_000,
      throttle: { qps: 10, burst: 15 },
      async: true,
    },
  })
})

test('without flags nothing is told', () => {
  assert.deepEqual(read({}), { warnings: [] })
})

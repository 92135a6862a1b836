import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { parseDuration } from '../../../apimachinery/duration/duration.ts'
import { loadConfiguration } from './load.ts'

interface RecordedWebhook {
  readonly AuthorizedTTL: string
  readonly CacheAuthorizedRequests: boolean
  readonly UnauthorizedTTL: string
  readonly CacheUnauthorizedRequests: boolean
  readonly Timeout: string
}

interface Fact {
  readonly name: string
  readonly config: string
  readonly error?: string
  readonly loaded?: readonly (readonly [type: string, name: string, webhook?: RecordedWebhook])[]
}

/** What the loader of kube-apiserver v1.36.0 made of each file. */
const FACTS = JSON.parse(readFileSync(new URL('testdata/facts.json', import.meta.url), 'utf8')) as readonly Fact[]

/** The files that were there. */
function fileProblem(path: string): string | undefined {
  if (path === '/etc/hostname') return undefined
  return path === '/etc' ? 'must be a regular file' : `error loading file: stat ${path}: no such file or directory`
}

for (const { name, config, error, loaded = [] } of FACTS) {
  test(`an AuthorizationConfiguration is read as upstream reads it: ${name}`, () => {
    const load = (): ReturnType<typeof loadConfiguration> =>
      loadConfiguration(new TextEncoder().encode(config), fileProblem)
    if (error !== undefined) return assert.throws(load, { message: error })
    const { authorizers } = load()
    const shown = authorizers.map((one) => [
      one.type,
      one.name,
      ...(one.type === 'Webhook'
        ? [[one.webhook.authorizedTtlMs, one.webhook.unauthorizedTtlMs, one.webhook.timeoutMs]]
        : []),
    ])
    assert.deepEqual(
      shown,
      loaded.map(([type, called, webhook]) => [type, called, ...(webhook ? [timesOf(webhook)] : [])]),
    )
  })
}

function timesOf(webhook: RecordedWebhook): number[] {
  return [
    webhook.CacheAuthorizedRequests ? parseDuration(webhook.AuthorizedTTL) : 0,
    webhook.CacheUnauthorizedRequests ? parseDuration(webhook.UnauthorizedTTL) : 0,
    parseDuration(webhook.Timeout),
  ]
}

test('ways to authorize that are no webhooks stay while a server runs', () => {
  const config = new TextEncoder().encode(
    'apiVersion: apiserver.config.k8s.io/v1\nkind: AuthorizationConfiguration\nauthorizers: [{type: RBAC, name: rbac}]\n',
  )
  assert.throws(() => loadConfiguration(config, fileProblem, new Set(['Node', 'RBAC', 'ABAC'])), {
    message: 'missing required types: [ABAC Node]',
  })
})

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Transport } from '../transport.ts'
import { discover, preferredResources } from './discovery.ts'

/** A server that has just these documents. */
function serverOf(documents: Readonly<Record<string, unknown>>): Transport {
  return {
    request: async ({ path }) => {
      const body = documents[path]
      return body ? { status: 200, headers: {}, body } : { status: 503, headers: {}, body: 'no answer' }
    },
  }
}

const pods = {
  group: '',
  version: 'v1',
  kind: 'Pod',
  plural: 'pods',
  namespaced: true,
  verbs: ['get'],
  subresources: ['log'],
}
const widgets = (version: string) => ({
  group: 'example.com',
  version,
  kind: 'Widget',
  plural: 'widgets',
  namespaced: false,
  verbs: ['list'],
  subresources: [],
})

describe('discover', () => {
  it('reads the aggregated documents', async () => {
    const list = (items: unknown[]) => ({ kind: 'APIGroupDiscoveryList', metadata: {}, items })
    const served = (version: string) => ({
      version,
      freshness: 'Current',
      resources: [{ resource: 'widgets', responseKind: { kind: 'Widget' }, scope: 'Cluster', verbs: ['list'] }],
    })
    const pod = {
      resource: 'pods',
      responseKind: { kind: 'Pod' },
      scope: 'Namespaced',
      verbs: ['get'],
      subresources: [{ subresource: 'log' }],
    }
    const server = serverOf({
      '/api': list([{ metadata: {}, versions: [{ version: 'v1', resources: [pod] }] }]),
      '/apis': list([
        { metadata: { name: 'example.com' }, versions: [served('v2'), served('v1')] },
        { metadata: { name: 'gone.example.com' }, versions: [{ version: 'v1', freshness: 'Stale' }] },
      ]),
    })
    const { resources, failures } = await discover(server)
    assert.deepEqual(resources, [pods, widgets('v2'), widgets('v1')])
    assert.deepEqual([...failures.keys()], ['gone.example.com/v1'])
    assert.deepEqual(preferredResources(resources), [pods, widgets('v2')])
  })

  it('reads the older documents where there are no others, the preferred version first', async () => {
    const versions = [{ version: 'v1' }, { version: 'v2' }]
    const server = serverOf({
      '/api': { kind: 'APIVersions', versions: ['v1'] },
      '/apis': {
        kind: 'APIGroupList',
        groups: [
          { name: 'example.com', versions, preferredVersion: { version: 'v2' } },
          { name: 'gone.example.com', versions: [{ version: 'v1' }] },
        ],
      },
      '/api/v1': {
        resources: [
          { name: 'pods', kind: 'Pod', namespaced: true, verbs: ['get'] },
          { name: 'pods/log', kind: 'Pod', namespaced: true, verbs: ['get'] },
        ],
      },
      '/apis/example.com/v1': { resources: [{ name: 'widgets', kind: 'Widget', namespaced: false, verbs: ['list'] }] },
      '/apis/example.com/v2': { resources: [{ name: 'widgets', kind: 'Widget', namespaced: false, verbs: ['list'] }] },
    })
    const { resources, failures } = await discover(server)
    assert.deepEqual(resources, [pods, widgets('v2'), widgets('v1')])
    assert.deepEqual([...failures], [['gone.example.com/v1', 'no answer']])
  })
})

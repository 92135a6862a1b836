import assert from 'node:assert/strict'
import { it } from 'node:test'
import type { ClusterRole } from '../../api/generated/types/rbac/v1.ts'
import { clusterRoles } from '../../api/index.ts'
import { startBench } from '../testing/bench.suite.ts'
import { clusterRoleAggregationController } from './controller.ts'

const rule = (resource: string) => ({ apiGroups: [''], resources: [resource], verbs: ['get'] })
const part = (name: string, ...resources: string[]): ClusterRole => ({
  metadata: { name, labels: { 'to-view': 'true' } },
  rules: resources.map(rule),
})

it('aggregated roles have the rules of those they select, and follow them', async () => {
  const bench = await startBench([clusterRoleAggregationController])
  const roles = bench.client(clusterRoles)
  await roles.create({
    metadata: { name: 'view' },
    aggregationRule: { clusterRoleSelectors: [{ matchLabels: { 'to-view': 'true' } }] },
    rules: [],
  })
  await roles.create(part('b', 'pods', 'services'))
  await roles.create(part('a', 'pods'))
  await roles.create({ metadata: { name: 'other' }, rules: [rule('secrets')] })
  await bench.settle()
  const seen = async () => (await roles.get('view')).rules?.map(({ resources }) => resources?.[0])
  assert.deepEqual(await seen(), ['pods', 'services'])
  await roles.delete('b')
  await bench.settle()
  assert.deepEqual(await seen(), ['pods'])
  await bench.stop()
})

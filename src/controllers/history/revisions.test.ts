import assert from 'node:assert/strict'
import { it } from 'node:test'
import { controllerRevisions, daemonSets, statefulSets } from '../../api/index.ts'
import { daemonSetController } from '../daemonset/controller.ts'
import { statefulSetController } from '../statefulset/controller.ts'
import { startBench } from '../testing/bench.suite.ts'

/** As Go marshals a map of the template: kubectl rollout undo compares these bytes with the revision's. */
const GO_BYTES =
  '{"spec":{"template":{"$patch":"replace","metadata":{"labels":{"app":"x","tier":"y"}},"spec":{"containers":[{"env":[{"name":"A","value":"1"}],"image":"i:1",' +
  '"imagePullPolicy":"IfNotPresent","name":"c","resources":{},"terminationMessagePath":"/dev/termination-log","terminationMessagePolicy":"File"}],' +
  '"dnsPolicy":"ClusterFirst","restartPolicy":"Always","schedulerName":"default-scheduler","securityContext":{},"terminationGracePeriodSeconds":30}}}}'

it('the template in a revision has its keys in the order of Go', async () => {
  const bench = await startBench([daemonSetController(), statefulSetController])
  const spec = {
    selector: { matchLabels: { app: 'x' } },
    template: {
      metadata: { labels: { tier: 'y', app: 'x' } },
      spec: { containers: [{ name: 'c', image: 'i:1', env: [{ value: '1', name: 'A' }] }] },
    },
  }
  const metadata = { namespace: 'default' }
  await bench.client(daemonSets).create({ metadata: { ...metadata, name: 'daemons' }, spec })
  await bench.client(statefulSets).create({ metadata: { ...metadata, name: 'stateful' }, spec })
  await bench.settle()
  const { items } = await bench.client(controllerRevisions).list()
  assert.deepEqual(
    items.map(({ data }) => JSON.stringify(data)),
    [GO_BYTES, GO_BYTES],
  )
  await bench.stop()
})

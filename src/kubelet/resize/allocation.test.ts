import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Frozen } from '../../apimachinery/meta.ts'
import type { Node } from '../../api/generated/types/core/v1.ts'
import type { Pod } from '../pod/spec.ts'
import { testPod } from '../testing/objects.ts'
import { allocate } from './allocation.ts'

const node: Frozen<Node> = { metadata: { name: 'n' }, spec: {}, status: { allocatable: { cpu: '4', memory: '8Gi' } } }

/** A pod that asks for `cpu` and, as its status says, has been given `had`. */
function asking(cpu: string, had?: string, uid = 'u1'): Pod {
  return testPod(
    { containers: [{ name: 'app', resources: { requests: { cpu } } }] },
    {
      metadata: { name: uid, namespace: 'default', uid },
      status: {
        containerStatuses: [
          {
            name: 'app',
            ready: true,
            restartCount: 0,
            image: '',
            imageID: '',
            ...(had !== undefined && { allocatedResources: { cpu: had }, resources: { requests: { cpu: had } } }),
          },
        ],
      },
    },
  )
}

const cases: { name: string; pod: Pod; others?: Pod[]; gets: string; pending?: string }[] = [
  { name: 'a new pod gets what it asks for', pod: asking('9'), gets: '9' },
  { name: 'one that asks for what it has keeps it', pod: asking('1', '1'), others: [asking('4', '4', 'o')], gets: '1' },
  { name: 'the same amount in other words is the same', pod: asking('1000m', '1'), gets: '1000m' },
  { name: 'more, while there is room', pod: asking('2', '1'), others: [asking('2', '2', 'o')], gets: '2' },
  {
    name: 'more than there is room for waits',
    pod: asking('3', '1'),
    others: [asking('2', '2', 'o')],
    gets: '1',
    pending: "Deferred: Node didn't have enough resource: cpu, requested: 3000, used: 2000, capacity: 4000",
  },
  {
    name: 'what others only ask for does not count',
    pod: asking('3', '1'),
    others: [asking('2', '1', 'o')],
    gets: '3',
  },
  {
    name: 'more than the node has is never granted',
    pod: asking('5', '1'),
    gets: '1',
    pending: "Infeasible: Node didn't have enough capacity: cpu, requested: 5000, capacity: 4000",
  },
  { name: 'less always fits', pod: asking('1', '3'), others: [asking('4', '4', 'o')], gets: '1' },
]

for (const { name, pod, others = [], gets, pending } of cases) {
  test(name, () => {
    const { pod: granted, pending: waits } = allocate(pod, others, node)
    assert.equal(granted.spec.containers[0]?.resources?.requests?.cpu, gets)
    assert.equal(waits && `${waits.reason}: ${waits.message}`, pending)
  })
}

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Frozen } from '../../apimachinery/meta.ts'
import type { Node } from '../../api/generated/types/core/v1.ts'
import type { Pod } from '../pod/spec.ts'
import { testPod } from '../testing/objects.ts'
import { admit } from './admission.ts'

const node: Frozen<Node> = {
  metadata: { name: 'n1', labels: { zone: 'a', size: '7' } },
  spec: {},
  status: { allocatable: { cpu: '2', memory: '1Gi', pods: '3' } },
}

const asking = (cpu: string): Pod => testPod({ containers: [{ name: 'app', resources: { requests: { cpu } } }] })
const onPort = (hostPort: number, hostIP?: string): Pod =>
  testPod({ containers: [{ name: 'app', ports: [{ containerPort: 80, hostPort, ...(hostIP && { hostIP }) }] }] })
const wanting = (operator: 'In' | 'Gt', key: string, values: string[]): Pod =>
  testPod({
    affinity: {
      nodeAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: {
          nodeSelectorTerms: [{ matchExpressions: [{ key, operator, values }] }],
        },
      },
    },
  })

const cases: { name: string; pod: Pod; others?: Pod[]; node?: Frozen<Node>; want: string | undefined }[] = [
  { name: 'what fits may run', pod: asking('1'), others: [asking('1')], want: undefined },
  {
    name: 'too little CPU is left',
    pod: asking('1500m'),
    others: [asking('1')],
    want: "OutOfcpu: Node didn't have enough resource: cpu, requested: 1500, used: 1000, capacity: 2000",
  },
  {
    name: 'too little memory is left',
    pod: testPod({ containers: [{ name: 'a', resources: { requests: { memory: '2Gi' } } }] }),
    want: `OutOfmemory: Node didn't have enough resource: memory, requested: ${2 * 1024 ** 3}, used: 0, capacity: ${1024 ** 3}`,
  },
  {
    name: 'too many pods',
    pod: testPod(),
    others: [testPod(), testPod(), testPod()],
    want: "OutOfpods: Node didn't have enough resource: pods, requested: 1, used: 3, capacity: 3",
  },
  {
    name: 'a resource that the node does not have is not its agent’s concern',
    pod: testPod({ containers: [{ name: 'a', resources: { requests: { 'x.io/gpu': '1' } } }] }),
    want: undefined,
  },
  {
    name: 'a port that is taken',
    pod: onPort(80),
    others: [onPort(80)],
    want: 'NodePorts: Predicate NodePorts failed',
  },
  {
    name: 'a port that is taken on another address',
    pod: onPort(80, '192.0.2.1'),
    others: [onPort(80, '192.0.2.2')],
    want: undefined,
  },
  {
    name: 'a port on all addresses',
    pod: onPort(80),
    others: [onPort(80, '192.0.2.2')],
    want: 'NodePorts: Predicate NodePorts failed',
  },
  { name: 'a selector that fits', pod: testPod({ nodeSelector: { zone: 'a' } }), want: undefined },
  {
    name: 'a selector that doesn’t',
    pod: testPod({ nodeSelector: { zone: 'b' } }),
    want: 'NodeAffinity: Predicate NodeAffinity failed',
  },
  { name: 'affinity that fits', pod: wanting('In', 'zone', ['a', 'b']), want: undefined },
  {
    name: 'affinity by number',
    pod: wanting('Gt', 'size', ['7']),
    want: 'NodeAffinity: Predicate NodeAffinity failed',
  },
  {
    name: 'a taint that is not tolerated',
    pod: testPod({ tolerations: [{ key: 'other', operator: 'Exists' }] }),
    node: { ...node, spec: { taints: [{ key: 'bad', effect: 'NoExecute' }] } },
    want: 'TaintToleration: Predicate TaintToleration failed',
  },
  {
    name: 'one that is',
    pod: testPod({ tolerations: [{ operator: 'Exists' }] }),
    node: { ...node, spec: { taints: [{ key: 'bad', effect: 'NoExecute' }] } },
    want: undefined,
  },
  {
    name: 'an unsafe sysctl',
    pod: testPod({ securityContext: { sysctls: [{ name: 'kernel.msgmax', value: '1' }] } }),
    want: 'SysctlForbidden: forbidden sysctl: "kernel.msgmax" not allowlisted',
  },
  {
    name: 'a safe sysctl',
    pod: testPod({ securityContext: { sysctls: [{ name: 'net/ipv4/tcp_syncookies', value: '1' }] } }),
    want: undefined,
  },
  {
    name: 'AppArmor where there is none',
    pod: testPod({ securityContext: { appArmorProfile: { type: 'RuntimeDefault' } } }),
    want: 'AppArmor: Cannot enforce AppArmor: AppArmor is not enabled on the host',
  },
  {
    name: 'another operating system',
    pod: testPod({ os: { name: 'windows' } }),
    want: "PodOSNotSupported: Failed to admit pod as the OS field doesn't match node OS",
  },
]

for (const { name, pod, others = [], node: on = node, want } of cases) {
  test(name, () => {
    const refusal = admit(pod, others, on, false)
    assert.equal(refusal && `${refusal.reason}: ${refusal.message}`, want)
  })
}

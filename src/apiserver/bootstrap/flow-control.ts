import type {
  FlowSchema,
  LimitedPriorityLevelConfiguration,
  PriorityLevelConfiguration,
} from '../../api/generated/types/flowcontrol/v1.ts'

type PriorityLevelSpec = NonNullable<PriorityLevelConfiguration['spec']>
type FlowSchemaSpec = NonNullable<FlowSchema['spec']>
type Rules = NonNullable<FlowSchemaSpec['rules']>[number]

const METADATA = { annotations: { 'apf.kubernetes.io/autoupdate-spec': 'true' } }

/** Upstream's priority levels: name, shares, what of it may be lent in percent, queues and hand size. */
const LEVELS: readonly (readonly [string, number, number, number, number])[] = [
  ['system', 30, 33, 64, 6],
  ['node-high', 40, 25, 64, 6],
  ['leader-election', 10, 0, 16, 4],
  ['workload-high', 40, 50, 128, 6],
  ['workload-low', 100, 90, 128, 6],
  ['global-default', 20, 50, 128, 6],
]

/** The PriorityLevelConfigurations that every cluster has. */
export function priorityLevels(): PriorityLevelConfiguration[] {
  const exempt: PriorityLevelSpec = { type: 'Exempt', exempt: { nominalConcurrencyShares: 0, lendablePercent: 0 } }
  const catchAll = limited({ nominalConcurrencyShares: 5, lendablePercent: 0, limitResponse: { type: 'Reject' } })
  return [
    level('exempt', exempt),
    level('catch-all', catchAll),
    ...LEVELS.map(([name, nominalConcurrencyShares, lendablePercent, queues, handSize]) => {
      const queuing = { queues, handSize, queueLengthLimit: 50 }
      return level(
        name,
        limited({ nominalConcurrencyShares, lendablePercent, limitResponse: { type: 'Queue', queuing } }),
      )
    }),
  ]
}

function level(name: string, spec: PriorityLevelSpec): PriorityLevelConfiguration {
  return { metadata: { name, ...METADATA }, spec }
}

function limited(settings: LimitedPriorityLevelConfiguration): PriorityLevelSpec {
  return { type: 'Limited', limited: settings }
}

type Subjects = NonNullable<Rules['subjects']>

const groups = (...names: string[]): Subjects => names.map((name) => ({ kind: 'Group', group: { name } }))
const users = (...names: string[]): Subjects => names.map((name) => ({ kind: 'User', user: { name } }))
const SYSTEM_ACCOUNTS: Subjects = [{ kind: 'ServiceAccount', serviceAccount: { name: '*', namespace: 'kube-system' } }]
const EVERYBODY = groups('system:unauthenticated', 'system:authenticated')

const ANYTHING: Omit<Rules, 'subjects'> = {
  resourceRules: [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'], clusterScope: true, namespaces: ['*'] }],
  nonResourceRules: [{ verbs: ['*'], nonResourceURLs: ['*'] }],
}
const LEASES: Omit<Rules, 'subjects'> = {
  resourceRules: [
    {
      verbs: ['get', 'create', 'update'],
      apiGroups: ['coordination.k8s.io'],
      resources: ['leases'],
      namespaces: ['*'],
    },
  ],
}
const NODE_STATE: Omit<Rules, 'subjects'> = {
  resourceRules: [
    { verbs: ['*'], apiGroups: [''], resources: ['nodes', 'nodes/status'], clusterScope: true, namespaces: ['*'] },
    { verbs: ['*'], apiGroups: ['coordination.k8s.io'], resources: ['leases'], namespaces: ['*'] },
  ],
}
const PROBES: Omit<Rules, 'subjects'> = {
  nonResourceRules: [{ verbs: ['get'], nonResourceURLs: ['/healthz', '/readyz', '/livez'] }],
}

/** The FlowSchemas that every cluster has. */
export function flowSchemas(): FlowSchema[] {
  const { ByUser, ByNamespace } = { ByUser: 'ByUser', ByNamespace: 'ByNamespace' } as const
  const leaders = [...users('system:kube-controller-manager', 'system:kube-scheduler'), ...SYSTEM_ACCOUNTS]
  return [
    schema('exempt', 'exempt', 1, undefined, groups('system:masters'), ANYTHING),
    schema('probes', 'exempt', 2, undefined, EVERYBODY, PROBES),
    schema('system-leader-election', 'leader-election', 100, ByUser, leaders, LEASES),
    schema('system-node-high', 'node-high', 400, ByUser, groups('system:nodes'), NODE_STATE),
    schema('system-nodes', 'system', 500, ByUser, groups('system:nodes'), ANYTHING),
    schema(
      'kube-controller-manager',
      'workload-high',
      800,
      ByNamespace,
      users('system:kube-controller-manager'),
      ANYTHING,
    ),
    schema('kube-scheduler', 'workload-high', 800, ByNamespace, users('system:kube-scheduler'), ANYTHING),
    schema('kube-system-service-accounts', 'workload-high', 900, ByNamespace, SYSTEM_ACCOUNTS, ANYTHING),
    schema('service-accounts', 'workload-low', 9000, ByUser, groups('system:serviceaccounts'), ANYTHING),
    schema('global-default', 'global-default', 9900, ByUser, EVERYBODY, ANYTHING),
    schema('catch-all', 'catch-all', 10000, ByUser, EVERYBODY, ANYTHING),
  ]
}

// One row of a table: naming the parameters would make it six lines.
function schema(
  name: string,
  priorityLevel: string,
  matchingPrecedence: number,
  type: 'ByUser' | 'ByNamespace' | undefined,
  subjects: Subjects,
  rules: Omit<Rules, 'subjects'>,
): FlowSchema {
  return {
    metadata: { name, ...METADATA },
    spec: {
      priorityLevelConfiguration: { name: priorityLevel },
      matchingPrecedence,
      ...(type && { distinguisherMethod: { type } }),
      rules: [{ subjects, ...rules }],
    },
  }
}

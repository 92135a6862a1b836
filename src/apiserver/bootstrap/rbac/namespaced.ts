import type { RoleTable } from './cluster-roles.ts'

const EVENTS = 'create,patch,update core,events.k8s.io events'
/** To become the leader, in either way of electing one. */
const LEADERS = [
  'create,get,list,update,watch coordination.k8s.io leases',
  'create,get,list,update,watch coordination.k8s.io leasecandidates',
]

/** Roles by namespace and name, as CLUSTER_ROLES. */
export const NAMESPACED_ROLES: Readonly<Record<string, RoleTable>> = {
  'kube-public': {
    'system:controller:bootstrap-signer': [
      'get,list,watch core configmaps',
      'update core configmaps cluster-info',
      EVENTS,
    ],
  },
  'kube-system': {
    'extension-apiserver-authentication-reader': ['get,list,watch core configmaps extension-apiserver-authentication'],
    'system::leader-locking-kube-controller-manager': LEADERS,
    'system::leader-locking-kube-scheduler': LEADERS,
    'system:controller:bootstrap-signer': ['get,list,watch core secrets'],
    'system:controller:cloud-provider': ['create,get,list,watch core configmaps'],
    'system:controller:token-cleaner': ['delete,get,list,watch core secrets', EVENTS],
    // Cluster DNS runs beside the nodes and publishes its own Service.
    'system:skiff-dns': [
      'create,get,patch,update core services',
      'create,get,patch,update discovery.k8s.io endpointslices',
      'create,get,patch,update core configmaps',
    ],
  },
}

/** Who has a role: `user:name`, `group:name`, or `account:name` for a service account of kube-system. */
export type BindingTable = Readonly<Record<string, { readonly role?: string; readonly to: readonly string[] }>>

/** Bindings by namespace and name; the role has the same name unless it is given. */
export const NAMESPACED_BINDINGS: Readonly<Record<string, BindingTable>> = {
  'kube-public': { 'system:controller:bootstrap-signer': { to: ['account:bootstrap-signer'] } },
  'kube-system': {
    'system::extension-apiserver-authentication-reader': {
      role: 'extension-apiserver-authentication-reader',
      to: ['user:system:kube-controller-manager', 'user:system:kube-scheduler'],
    },
    'system::leader-locking-kube-controller-manager': {
      to: [
        'user:system:kube-controller-manager',
        'account:kube-controller-manager',
        'account:leader-election-controller',
      ],
    },
    'system::leader-locking-kube-scheduler': { to: ['user:system:kube-scheduler', 'account:kube-scheduler'] },
    'system:controller:bootstrap-signer': { to: ['account:bootstrap-signer'] },
    'system:controller:cloud-provider': { to: ['account:cloud-provider'] },
    'system:controller:token-cleaner': { to: ['account:token-cleaner'] },
    'system:skiff-dns': { to: ['account:skiff-dns'] },
  },
}

/** ClusterRoleBindings by name, beside those of controllers. */
export const CLUSTER_BINDINGS: BindingTable = {
  'cluster-admin': { to: ['group:system:masters'] },
  'system:monitoring': { to: ['group:system:monitoring'] },
  'system:discovery': { to: ['group:system:authenticated'] },
  'system:basic-user': { to: ['group:system:authenticated'] },
  'system:public-info-viewer': { to: ['group:system:authenticated', 'group:system:unauthenticated'] },
  'system:node-proxier': { to: ['user:system:kube-proxy'] },
  'system:kube-controller-manager': { to: ['user:system:kube-controller-manager'] },
  'system:kube-dns': { to: ['account:kube-dns'] },
  'system:kube-scheduler': { to: ['user:system:kube-scheduler'] },
  'system:volume-scheduler': { to: ['user:system:kube-scheduler'] },
  'system:service-account-issuer-discovery': { to: ['group:system:serviceaccounts'] },
  // What nodes may do is decided by the node authorizer, so nobody has the role; it is there for those who bind it themselves.
  'system:node': { to: [] },
  'system:skiff-host-ports': { to: ['user:system:kube-proxy'] },
  'system:skiff-local-volumes': { to: ['account:skiff-local-volumes'] },
  'system:coredns': { to: ['account:skiff-dns', 'account:coredns'] },
}

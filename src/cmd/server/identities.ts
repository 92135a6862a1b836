import type { UserInfo } from '../../apiserver/authn/types.ts'

/** Who the parts of the cluster act as: the same names as upstream's, so that RBAC's bootstrap roles fit. */
export const identities = {
  controllerManager: user('system:kube-controller-manager'),
  scheduler: user('system:kube-scheduler'),
  proxy: user('system:kube-proxy'),
  manifests: user('skiff-manifests', 'system:masters'),
  /** All simulated nodes at once, which share their watches. */
  simulatedNodes: user('skiff-simulated-nodes', 'system:masters'),
  node: (name: string): UserInfo => user(`system:node:${name}`, 'system:nodes'),
  /** A controller, by its service account such as `replicaset-controller`. */
  controller: (name: string): UserInfo => serviceAccount(name),
  dns: serviceAccount('skiff-dns'),
  /** Who makes the volumes of nodes: a node itself may make none. */
  localVolumes: serviceAccount('skiff-local-volumes'),
} as const

function user(name: string, ...groups: string[]): UserInfo {
  return { name, groups: [...groups, 'system:authenticated'] }
}

function serviceAccount(name: string): UserInfo {
  return user(
    `system:serviceaccount:kube-system:${name}`,
    'system:serviceaccounts',
    'system:serviceaccounts:kube-system',
  )
}

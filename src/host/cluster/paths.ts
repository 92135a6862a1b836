import { join } from 'node:path'

/** Where a cluster keeps what. All of it lies below `root`; removing that folder removes the cluster. */
export interface ClusterPaths {
  readonly root: string
  readonly settings: string
  readonly pidFile: string
  readonly log: string
  readonly pki: string
  readonly store: string
  readonly kubelet: string
  readonly podLogs: string
  /** Of the volumes that the node makes. */
  readonly volumes: string
  /** The administrator's kubeconfig, as the server writes it. */
  readonly kubeconfig: string
  readonly containerd: {
    readonly folder: string
    readonly config: string
    readonly socket: string
    readonly log: string
    readonly pidFile: string
    readonly root: string
    readonly state: string
  }
  readonly cni: { readonly folder: string; readonly configs: string; readonly addresses: string }
}

/** The longest path that a Unix socket can have. */
const LONGEST_SOCKET_PATH = 107

/** The paths of the cluster `name` below `dataDir`. */
export function clusterPaths(dataDir: string, name: string): ClusterPaths {
  const root = join(dataDir, name)
  const containerd = join(root, 'containerd')
  const cni = join(root, 'cni')
  return {
    root,
    settings: join(root, 'cluster.json'),
    pidFile: join(root, 'server.pid'),
    log: join(root, 'server.log'),
    pki: join(root, 'pki'),
    store: join(root, 'store'),
    kubelet: join(root, 'kubelet'),
    podLogs: join(root, 'pod-logs'),
    volumes: join(root, 'volumes'),
    kubeconfig: join(root, 'kubeconfig'),
    containerd: {
      folder: containerd,
      config: join(containerd, 'config.toml'),
      socket: join(containerd, 'containerd.sock'),
      log: join(containerd, 'containerd.log'),
      pidFile: join(containerd, 'containerd.pid'),
      root: join(containerd, 'root'),
      state: join(containerd, 'state'),
    },
    cni: { folder: cni, configs: join(cni, 'net.d'), addresses: join(cni, 'addresses') },
  }
}

/** Whether containerd's sockets below these paths are short enough for the kernel. */
export function socketPathsFit(paths: ClusterPaths): boolean {
  return `${paths.containerd.socket}.ttrpc`.length <= LONGEST_SOCKET_PATH
}

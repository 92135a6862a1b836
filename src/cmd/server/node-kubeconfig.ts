import { join } from 'node:path'

/** Where a node apart keeps its kubeconfig unless told; `root` is its cluster's folder. */
export const nodeKubeconfig = (root: string): string => join(root, 'kubelet.kubeconfig')

/** What the files are called that hold the certificate that a node is known by. */
export const nodeClientFile = (nodeName: string): string => `kubelet-client-${nodeName}`

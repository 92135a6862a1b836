import { join } from 'node:path'

/** Where a node apart keeps its kubeconfig unless told; `root` is its cluster's folder. */
export const nodeKubeconfig = (root: string): string => join(root, 'kubelet.kubeconfig')

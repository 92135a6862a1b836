import { pods } from '../../../api/core/v1/pod.ts'
import type { Plugin } from '../../framework/plugin.ts'

/** Binds through the pod's `binding` subresource. */
export const defaultBinder: Plugin = {
  name: 'DefaultBinder',
  wakes: [],
  async bind({ pod }, node, { client }) {
    await client(pods).createSubresource(pod.key, 'binding', {
      apiVersion: 'v1',
      kind: 'Binding',
      metadata: { name: pod.pod.metadata.name, namespace: pod.namespace, uid: pod.uid },
      target: { apiVersion: 'v1', kind: 'Node', name: node.name },
    })
  },
}

import { namespaces } from '../../api/core/v1/namespace.ts'
import { hasReason } from '../../apimachinery/status.ts'
import type { Client } from '../../client/client.ts'
import { defineController, done } from '../../client/controller.ts'

/** The namespaces that every cluster has. */
export const SYSTEM_NAMESPACES: readonly string[] = ['kube-system', 'kube-public', 'kube-node-lease', 'default']

/** Keeps the system's namespaces there. */
export const systemNamespacesController = defineController({
  name: 'system-namespaces',
  for: namespaces,
  async start({ client, lister }) {
    for (const name of SYSTEM_NAMESPACES) if (!lister(namespaces).get(name)) await make(client, name)
  },
  async reconcile(name, { client, lister }) {
    if (SYSTEM_NAMESPACES.includes(name) && !lister(namespaces).get(name)) await make(client, name)
    return done
  },
})

async function make(client: Client, name: string): Promise<void> {
  try {
    await client(namespaces).create({ metadata: { name }, spec: {} })
  } catch (error) {
    if (!hasReason(error, 'AlreadyExists')) throw error
  }
}

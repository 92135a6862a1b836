import { deployments } from 'skiff/api'
import { defineController, done, dynamicResource, runOperator, type Frozen, type KubeObject } from 'skiff/client'

interface Site extends KubeObject {
  spec: { image: string; replicas: number }
  status?: { readyReplicas?: number }
}

const kind = { group: 'example.dev', version: 'v1', kind: 'Site', plural: 'sites', namespaced: true }
export const sites = dynamicResource<Site>(kind)

/** Each Site has a Deployment of its name; its status tells how many of the pods are ready. */
export const siteController = defineController({
  name: 'site',
  for: sites,
  owns: [deployments],
  async reconcile(key, { lister, client }) {
    const site = lister(sites).get(key)
    if (!site || site.metadata.deletionTimestamp) return done
    await client(deployments).apply(deploymentOf(site), { force: true })
    const { readyReplicas = 0 } = lister(deployments).get(key)?.status ?? {}
    if (readyReplicas === site.status?.readyReplicas) return done
    await client(sites).patch(key, 'merge', { status: { readyReplicas } }, { subresource: 'status' })
    return done
  },
})

function deploymentOf({ metadata: { name, namespace, uid }, spec: { image, replicas } }: Frozen<Site>) {
  const owner = { apiVersion: 'example.dev/v1', kind: 'Site', name, uid, controller: true, blockOwnerDeletion: true }
  const labels = { site: name }
  const template = { metadata: { labels }, spec: { containers: [{ name: 'site', image }] } }
  return {
    metadata: { name, namespace, labels, ownerReferences: [owner] },
    spec: { replicas, selector: { matchLabels: labels }, template },
  }
}

if (import.meta.main) await runOperator({ name: 'site-operator', controllers: [siteController] })

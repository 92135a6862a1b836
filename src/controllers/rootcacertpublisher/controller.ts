import { configMaps, namespaces } from '../../api/index.ts'
import { semanticEqual } from '../../apimachinery/equality.ts'
import { hasReason } from '../../apimachinery/status.ts'
import { defineController, done, watches, type ControllerDefinition } from '../../client/controller.ts'
import { isNamespaceTerminating } from '../pods/write.ts'

const NAME = 'kube-root-ca.crt'
const DESCRIPTION =
  'Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the internal service IP or kubernetes.default.svc. ' +
  'No other usage is guaranteed across distributions of Kubernetes clusters.'

/** Tells of each other CA that comes in place of the one at hand, until the signal aborts. */
export type FollowRootCa = (changed: (rootCa: string) => void, signal: AbortSignal) => void

/** Keeps the cluster's CA in a ConfigMap of every namespace, from where pods get it. `rootCa` is PEM; `follow` tells of others that come in its place. */
export function rootCaCertPublisher(rootCa: string, follow?: FollowRootCa): ControllerDefinition {
  let data = { 'ca.crt': rootCa }
  return defineController({
    name: 'root-ca-cert-publisher',
    serviceAccount: 'root-ca-cert-publisher',
    for: namespaces,
    watches: [
      watches({
        resource: configMaps,
        scope: { fieldSelector: `metadata.name=${NAME}` },
        keys: (now, old) => [(now ?? old)?.metadata.namespace ?? ''],
      }),
    ],
    start({ lister, enqueue, signal }) {
      follow?.((now) => {
        data = { 'ca.crt': now }
        for (const { metadata } of lister(namespaces).list()) enqueue(metadata.name ?? '')
      }, signal)
    },
    async reconcile(key, { lister, client }) {
      const namespace = lister(namespaces).get(key)
      if (!namespace || namespace.status?.phase === 'Terminating') return done
      const existing = lister(configMaps).get(`${key}/${NAME}`)
      const annotations = { ...existing?.metadata.annotations, 'kubernetes.io/description': DESCRIPTION }
      if (semanticEqual(existing?.data, data) && semanticEqual(existing?.metadata.annotations, annotations)) return done
      const metadata = { ...existing?.metadata, name: NAME, namespace: key, annotations }
      try {
        await (existing
          ? client(configMaps).update({ ...existing, metadata, data })
          : client(configMaps).create({ metadata, data }))
      } catch (error) {
        if (!hasReason(error, 'AlreadyExists') && !isNamespaceTerminating(error)) throw error
      }
      return done
    },
  })
}

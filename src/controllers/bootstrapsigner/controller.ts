import { configMaps, namespaces, secrets } from '../../api/index.ts'
import { semanticEqual } from '../../apimachinery/equality.ts'
import { hasReason } from '../../apimachinery/status.ts'
import { defineController, done, watches } from '../../client/controller.ts'
import { isBootstrapToken, signingToken } from '../bootstraptokens/secret.ts'
import { detachedSignature } from './sign.ts'

const NAMESPACE = 'kube-public'
const NAME = 'cluster-info'
const CONTENT = 'kubeconfig'
const SIGNATURE = 'jws-kubeconfig-'

/** Signs the ConfigMap that tells new nodes where the cluster is, once with each bootstrap token that may sign. */
export const bootstrapSignerController = defineController({
  name: 'bootstrap-signer',
  serviceAccount: 'bootstrap-signer',
  for: namespaces,
  wakes: () => false,
  watches: [
    watches({
      resource: configMaps,
      scope: { namespace: NAMESPACE, fieldSelector: `metadata.name=${NAME}` },
      keys: (now) => (now ? [NAMESPACE] : []),
    }),
    watches({
      resource: secrets,
      keys: (now, old) => (isBootstrapToken(now ?? old) ? [NAMESPACE] : []),
    }),
  ],
  async reconcile(_key, { lister, client, env }) {
    const map = lister(configMaps).get(`${NAMESPACE}/${NAME}`)
    const content = map?.data?.[CONTENT]
    if (!map || content === undefined) return done
    const data = Object.fromEntries(Object.entries(map.data ?? {}).filter(([key]) => !key.startsWith(SIGNATURE)))
    for (const secret of lister(secrets).list('kube-system')) {
      const token = isBootstrapToken(secret) && signingToken(secret, env.clock.now())
      if (token) data[SIGNATURE + token.id] = await detachedSignature(content, token)
    }
    if (semanticEqual(data, map.data)) return done
    try {
      await client(configMaps).update({ ...map, data })
    } catch (error) {
      if (!hasReason(error, 'NotFound', 'Conflict')) throw error
    }
    return done
  },
})

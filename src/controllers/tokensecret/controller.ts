import { namespaces, secrets, serviceAccounts } from '../../api/index.ts'
import { hasReason } from '../../apimachinery/status.ts'
import { defineController, done, watches } from '../../client/controller.ts'
import { nameSuffix } from '../../lib/random.ts'
import { isNamespaceTerminating } from '../pods/write.ts'

/** See the admission plugin TokenSecretClients. */
const ANNOTATION = 'skiff.dev/service-account-token-secrets'

/** Gives service accounts a Secret with a token, as before 1.24, in namespaces that ask for it. */
export const tokenSecretController = defineController({
  name: 'token-secret',
  serviceAccount: '',
  for: serviceAccounts,
  watches: [
    watches({
      resource: namespaces,
      *keys(now, old, { lister }) {
        if (!now || now.metadata.annotations?.[ANNOTATION] === old?.metadata.annotations?.[ANNOTATION]) return
        for (const { metadata } of lister(serviceAccounts).list(now.metadata.name))
          yield `${metadata.namespace}/${metadata.name}`
      },
    }),
  ],
  async reconcile(key, { lister, client, env }) {
    const account = lister(serviceAccounts).get(key)
    if (!account || account.metadata.deletionTimestamp || (account.secrets ?? []).length > 0) return done
    const { name = '', namespace = '', uid = '' } = account.metadata
    const asked = lister(namespaces).get(namespace)
    if (asked?.metadata.annotations?.[ANNOTATION] !== 'true' || asked.status?.phase === 'Terminating') return done
    const secretName = `${name}-token-${nameSuffix(env.random)}`
    try {
      // The reference first: an account with a reference is not given another Secret after a crash in between.
      await client(serviceAccounts).update({ ...account, secrets: [{ name: secretName }] })
      const annotations = { 'kubernetes.io/service-account.name': name, 'kubernetes.io/service-account.uid': uid }
      await client(secrets).create({
        metadata: { name: secretName, namespace, annotations },
        type: 'kubernetes.io/service-account-token',
      })
    } catch (error) {
      if (!hasReason(error, 'NotFound', 'AlreadyExists') && !isNamespaceTerminating(error)) throw error
    }
    return done
  },
})

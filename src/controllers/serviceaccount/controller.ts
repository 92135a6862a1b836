import { namespaces, serviceAccounts } from '../../api/index.ts'
import { hasReason } from '../../apimachinery/status.ts'
import { defineController, done, watches } from '../../client/controller.ts'
import { isNamespaceTerminating } from '../pods/write.ts'

/** Pods that name no account run as this one. */
const DEFAULT_ACCOUNT = 'default'

/** Gives every namespace its `default` service account, and gives it back when it is deleted. */
export const serviceAccountController = defineController({
  name: 'service-account',
  for: namespaces,
  watches: [
    watches({
      resource: serviceAccounts,
      keys: (now, old) => (!now && old?.metadata.name === DEFAULT_ACCOUNT ? [old.metadata.namespace ?? ''] : []),
    }),
  ],
  async reconcile(key, { lister, client }) {
    const namespace = lister(namespaces).get(key)
    if (!namespace || namespace.status?.phase === 'Terminating') return done
    if (lister(serviceAccounts).get(`${key}/${DEFAULT_ACCOUNT}`)) return done
    try {
      await client(serviceAccounts).create({ metadata: { name: DEFAULT_ACCOUNT, namespace: key } })
    } catch (error) {
      if (!hasReason(error, 'AlreadyExists') && !isNamespaceTerminating(error)) throw error
    }
    return done
  },
})

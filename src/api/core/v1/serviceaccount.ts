import { ageColumn, nameColumn } from '../../columns.ts'
import { defineResource } from '../../define.ts'
import type { ServiceAccount } from '../../generated/types/core/v1.ts'

const ENFORCE_MOUNTABLE_SECRETS = 'kubernetes.io/enforce-mountable-secrets'

/** Everything the system knows about ServiceAccount. */
export const serviceAccounts = defineResource<ServiceAccount>({
  group: '',
  version: 'v1',
  kind: 'ServiceAccount',
  plural: 'serviceaccounts',
  shortNames: ['sa'],
  scope: 'Namespaced',
  storagePrefix: '/registry/serviceaccounts',
  schema: 'io.k8s.api.core.v1.ServiceAccount',
  returnsDeletedObject: true,
  subresources: [
    { name: 'token', verbs: ['create'], group: 'authentication.k8s.io', version: 'v1', kind: 'TokenRequest' },
  ],
  prepareForCreate: keepSecretNamesAlone,
  prepareForUpdate: keepSecretNamesAlone,
  *warnings({ metadata }, old) {
    const before = old?.metadata.annotations ?? {}
    if (ENFORCE_MOUNTABLE_SECRETS in (metadata.annotations ?? {}) && !(ENFORCE_MOUNTABLE_SECRETS in before)) {
      yield `metadata.annotations[${ENFORCE_MOUNTABLE_SECRETS}]: deprecated in v1.32+; prefer separate namespaces to isolate access to mounted secrets`
    }
  },
  columns: [nameColumn, ageColumn],
})

/** Of a reference to a secret only the name counts. */
function keepSecretNamesAlone(account: ServiceAccount): void {
  if (account.secrets) account.secrets = account.secrets.map(({ name }) => (name === undefined ? {} : { name }))
}

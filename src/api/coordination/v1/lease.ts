import { ageColumn, nameColumn, text } from '../../columns.ts'
import type { Lease } from '../../generated/types/coordination/v1.ts'
import { validateLease } from './lease-validate.ts'
import { defineResource } from '../../define.ts'

/** Everything the system knows about Lease. */
export const leases = defineResource<Lease>({
  group: 'coordination.k8s.io',
  version: 'v1',
  kind: 'Lease',
  plural: 'leases',
  scope: 'Namespaced',
  storagePrefix: '/registry/leases',
  schema: 'io.k8s.api.coordination.v1.Lease',
  allowCreateOnUpdate: true,
  requireResourceVersionOnUpdate: true,
  defaults(lease) {
    lease.spec ??= {}
  },
  prepareForCreate({ spec }) {
    delete spec?.strategy
    delete spec?.preferredHolder
  },
  prepareForUpdate({ spec }, old) {
    if (old.spec?.strategy === undefined) delete spec?.strategy
    if (old.spec?.preferredHolder === undefined) delete spec?.preferredHolder
  },
  validate: validateLease,
  columns: [nameColumn, text('Holder', ({ spec }) => spec?.holderIdentity ?? ''), ageColumn],
})

import { ageColumn, nameColumn, text } from '../../columns.ts'
import { defineResource } from '../../define.ts'
import type { Secret } from '../../generated/types/core/v1.ts'

/** Everything the system knows about Secret. */
export const secrets = defineResource<Secret>({
  group: '',
  version: 'v1',
  kind: 'Secret',
  plural: 'secrets',
  scope: 'Namespaced',
  storagePrefix: '/registry/secrets',
  schema: 'io.k8s.api.core.v1.Secret',
  defaults(secret) {
    secret.type ||= 'Opaque'
    if (!secret.stringData) return
    for (const [key, value] of Object.entries(secret.stringData)) (secret.data ??= {})[key] = base64(value)
    delete secret.stringData
  },
  selectableFields: { type: ({ type }) => type ?? '' },
  columns: [
    nameColumn,
    text('Type', ({ type }) => type ?? ''),
    text('Data', ({ data }) => Object.keys(data ?? {}).length),
    ageColumn,
  ],
})

function base64(value: string): string {
  let binary = ''
  for (const byte of new TextEncoder().encode(value)) binary += String.fromCharCode(byte)
  return btoa(binary)
}

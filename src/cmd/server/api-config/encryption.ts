import type { ApiFlagGroup } from '../../../cli/api-flags/flag.ts'
import type { ApiFlagValues } from '../../../cli/api-flags/values.ts'
import { UserError } from '../../../host/user-error.ts'
import { type LoadedEncryption, loadEncryption } from '../encryption/load.ts'

export const ENCRYPTION_FLAGS: ApiFlagGroup = {
  title: 'Encryption at rest',
  flags: [
    {
      name: 'encryption-provider-config',
      kind: 'file',
      description: 'an EncryptionConfiguration: how secrets and other resources are kept in the store',
    },
    {
      name: 'encryption-provider-config-automatic-reload',
      kind: 'boolean',
      description: 'follow changes of that file while the server runs',
    },
  ],
}

/** How resources are kept in the store; undefined: as they are. */
export interface EncryptionConfig {
  readonly loaded: LoadedEncryption
  /** Whether the file is followed. */
  readonly reload: boolean
}

/** Throws a UserError for a file that cannot be used. */
export function encryptionConfig(flags: ApiFlagValues): EncryptionConfig | undefined {
  const file = flags.text('encryption-provider-config')
  const reload = flags.boolean('encryption-provider-config-automatic-reload', false)
  if (file === undefined) {
    if (!reload) return undefined
    throw new UserError('--encryption-provider-config-automatic-reload must be set with --encryption-provider-config')
  }
  return { loaded: loadEncryption(file, reload), reload }
}

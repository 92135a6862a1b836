import { readFileSync } from 'node:fs'
import { parseTokenFile } from '../../../apiserver/authn/static-tokens.ts'
import type { UserInfo } from '../../../apiserver/authn/types.ts'
import type { ApiFlagGroup } from '../../../cli/api-flags/flag.ts'
import type { ApiFlagValues } from '../../../cli/api-flags/values.ts'
import { UserError, messageOf } from '../../../host/user-error.ts'

export const AUTHENTICATION_FLAGS: ApiFlagGroup = {
  title: 'Authentication',
  flags: [
    {
      name: 'token-auth-file',
      kind: 'file',
      description: 'a CSV file of static bearer tokens: token,user,uid[,"group1,group2"]',
    },
    {
      name: 'enable-bootstrap-token-auth',
      kind: 'boolean',
      description: 'let new nodes in by tokens of Secrets in kube-system',
    },
  ],
}

/** Who is known beside the holders of the cluster's certificates and service accounts. */
export interface AuthenticationConfig {
  /** Users by their token. */
  readonly staticTokens?: ReadonlyMap<string, UserInfo>
  /** Whether tokens of Secrets let new nodes in. */
  readonly bootstrapTokens: boolean
}

/** Throws a UserError for files that cannot be read. */
export function authenticationConfig(flags: ApiFlagValues): AuthenticationConfig {
  const file = flags.text('token-auth-file')
  return {
    ...(file !== undefined && { staticTokens: readTokenFile(file) }),
    bootstrapTokens: flags.boolean('enable-bootstrap-token-auth', false),
  }
}

function readTokenFile(file: string): ReturnType<typeof parseTokenFile> {
  try {
    return parseTokenFile(readFileSync(file, 'utf8'))
  } catch (error) {
    throw new UserError(`cannot read the tokens in ${file}: ${messageOf(error)}`)
  }
}

import { isDns1123Label, isDns1123Subdomain } from '../../../apimachinery/validation/names.ts'

/** What names of service accounts as users begin with. */
export const ACCOUNT_PREFIX = 'system:serviceaccount:'
const ALL_ACCOUNTS = 'system:serviceaccounts'

/** The user name of a service account. */
export function accountUserName(namespace: string, name: string): string {
  return `${ACCOUNT_PREFIX}${namespace}:${name}`
}

/** The groups of a namespace's service accounts. */
export function accountGroups(namespace: string): string[] {
  return [ALL_ACCOUNTS, `${ALL_ACCOUNTS}:${namespace}`]
}

/** The service account that a user name stands for, if it does (upstream's SplitUsername). */
export function splitAccountUserName(user: string): { readonly namespace: string; readonly name: string } | undefined {
  if (!user.startsWith(ACCOUNT_PREFIX)) return undefined
  const parts = user.slice(ACCOUNT_PREFIX.length).split(':')
  const [namespace = '', name = ''] = parts
  if (parts.length !== 2 || !namespace || !name) return undefined
  const isName = isDns1123Label(namespace).length === 0 && isDns1123Subdomain(name).length === 0
  return isName ? { namespace, name } : undefined
}

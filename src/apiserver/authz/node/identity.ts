import type { UserInfo } from '../../authn/types.ts'

const PREFIX = 'system:node:'
const GROUP = 'system:nodes'

/** The node that the user is, if it is one: a kubelet acts as `system:node:<name>` in the group system:nodes. */
export function nodeOf({ name, groups }: UserInfo): string | undefined {
  return name.startsWith(PREFIX) && groups.includes(GROUP) ? name.slice(PREFIX.length) : undefined
}

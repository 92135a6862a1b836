import type { Authorizer } from './types.ts'

/** The group whose members may do everything, whatever the roles say, so that nobody can lock everybody out. */
export const MASTERS = 'system:masters'

/** Allows members of these groups everything (upstream's superuser authorizer). */
export function privilegedGroups(...groups: readonly string[]): Authorizer {
  return {
    authorize: ({ user }) => ({
      decision: user.groups.some((group) => groups.includes(group)) ? 'Allow' : 'NoOpinion',
    }),
  }
}

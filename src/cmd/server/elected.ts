import { runWhenLeading } from '../../client/leader-election/leader-election.ts'
import type { UserInfo } from '../../apiserver/authn/types.ts'
import { uuid } from '../../lib/random.ts'
import type { Env } from '../../lib/env.ts'
import type { ApiAccess } from './guarded-api.ts'

export interface ElectedOptions {
  readonly api: ApiAccess
  readonly env: Env
  /** The component, which is also its Lease's name in kube-system. */
  readonly name: 'kube-controller-manager' | 'kube-scheduler'
  readonly user: UserInfo
  /** The machine. */
  readonly nodeName: string
  readonly signal: AbortSignal
}

/**
 * Runs `part` while this process leads among all that would run it, again and again until the signal aborts. `part` ends soon after its own
 * signal has aborted. (Upstream's processes end when they no longer lead; here others go on in the same one.)
 */
export async function elected(
  { api, env, name, user, nodeName, signal }: ElectedOptions,
  part: (signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const log = env.log.with({ component: name })
  const identity = `${nodeName}_${uuid(env.random)}`
  while (!signal.aborted) {
    await runWhenLeading(
      {
        client: api.clientFor(user, `${name}/leader-election`),
        env: { ...env, log },
        lease: `kube-system/${name}`,
        identity,
        signal,
        releaseOnStop: true,
        onNewLeader: (leader) => log.info('leads', { leader, self: leader === identity }),
      },
      async (leading) => {
        const both = AbortSignal.any([signal, leading])
        await part(both).catch((error: unknown) => {
          if (!both.aborted) throw error // One that was told to end has not failed.
        })
      },
    )
  }
}

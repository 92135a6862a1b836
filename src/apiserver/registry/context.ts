import type { WriteContext } from '../../apimachinery/resource.ts'
import type { Call } from '../request/call.ts'
import type { Registry } from './served.ts'

/** What definitions are told of a write. */
export function writeContext(registry: Registry, call: Call, options: { readonly dryRun: boolean }): WriteContext {
  const { user, info } = call
  return {
    env: registry.env,
    user: user.name,
    userInfo: user,
    dryRun: options.dryRun,
    subresource: info.subresource,
  }
}

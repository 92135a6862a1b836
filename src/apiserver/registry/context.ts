import type { WriteContext } from '../../apimachinery/resource.ts'
import type { Call } from '../request/call.ts'
import type { Registry } from './served.ts'

/** What definitions are told of a write. */
export function writeContext(registry: Registry, call: Call, options: { readonly dryRun: boolean }): WriteContext {
  return { env: registry.env, user: call.user.name, dryRun: options.dryRun, subresource: call.info.subresource }
}

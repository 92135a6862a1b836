import { forbidden } from '../../apimachinery/status.ts'
import type { Call } from '../request/call.ts'
import type { Registry } from './served.ts'

/** Demands a right to `create` besides that which the request was let in with: for what creates by another verb. Throws 403. */
export async function mayCreate(registry: Registry, call: Call): Promise<void> {
  if (call.info.verb === 'create') return
  const { namespace, group, version, resource, subresource, name, path } = call.info
  const { decision, reason } = await registry.authorizer.authorize({
    user: call.user,
    verb: 'create',
    resourceRequest: true,
    path,
    namespace,
    apiGroup: group,
    apiVersion: version,
    resource,
    subresource,
    name,
  })
  if (decision === 'Allow') return
  const what = subresource ? `${resource}/${subresource}` : resource
  const where = namespace ? `in the namespace ${JSON.stringify(namespace)}` : 'at the cluster scope'
  const why = `User ${JSON.stringify(call.user.name)} cannot create resource ${JSON.stringify(what)} in API group ${JSON.stringify(group)} ${where}`
  throw forbidden({ group, resource }, name, reason ? `${why}: ${reason}` : why)
}

import { semanticEqual } from '../../../apimachinery/equality.ts'
import type { Frozen, KubeObject, OwnerReference } from '../../../apimachinery/meta.ts'
import type { Authorizer } from '../../authz/types.ts'
import type { ResourceTable } from '../../resource-table.ts'
import { admissionForbidden, resourceName } from '../forbidden.ts'
import type { AdmissionSources } from '../sources.ts'
import type { AdmissionAttributes, AdmissionPlugin } from '../types.ts'
import { newlyBlocking, ownersOf } from './owners.ts'

type Asked = Pick<
  Parameters<Authorizer['authorize']>[0],
  'verb' | 'namespace' | 'apiGroup' | 'apiVersion' | 'resource' | 'subresource' | 'name'
>

/** Who changes owners must be allowed to (upstream's OwnerReferencesPermissionEnforcement). */
export function ownerReferencesPermissionEnforcement({ authorizer }: AdmissionSources): AdmissionPlugin {
  let resources: ResourceTable | undefined
  const ask = async (attributes: AdmissionAttributes, asked: Asked): Promise<string | undefined> => {
    const { user } = attributes
    const { decision, reason = '' } = await authorizer.authorize({ user, resourceRequest: true, path: '', ...asked })
    // Go prints the error that there is not.
    return decision === 'Allow' ? undefined : `${reason}, <nil>`
  }
  return {
    name: 'OwnerReferencesPermissionEnforcement',
    handles: (operation) => operation === 'CREATE' || operation === 'UPDATE',
    initialize(table) {
      resources = table
    },
    async validate(attributes) {
      const { object, oldObject, operation } = attributes
      // The status of a pod cannot change owners.
      if (!object || (resourceName(attributes) === 'pods' && attributes.subresource === 'status')) return
      if (!changesOwners(object, oldObject)) return
      if (operation !== 'CREATE') {
        const refused = await ask(attributes, deletion(attributes))
        if (refused !== undefined)
          throw admissionForbidden(attributes, `cannot set an ownerRef on a resource you can't delete: ${refused}`)
      }
      const blocking = newlyBlocking(object, oldObject)
      if (blocking.length === 0 || (await ask(attributes, FINALIZE_ANYTHING)) === undefined) return
      for (const owner of blocking) {
        const refused = await ask(attributes, finalization(owner, attributes, resources))
        if (refused === undefined) continue
        const why = `cannot set blockOwnerDeletion if an ownerReference refers to a resource you can't set finalizers on: ${refused}`
        throw admissionForbidden(attributes, why)
      }
    },
  }
}

function changesOwners(object: KubeObject, old: Frozen<KubeObject> | undefined): boolean {
  const [now, before] = [ownersOf(object), ownersOf(old)]
  return now.length !== before.length || now.some((owner, index) => !semanticEqual(owner, before[index]))
}

function deletion({ definition, namespace, subresource, name }: AdmissionAttributes): Asked {
  const { group: apiGroup, version: apiVersion, plural: resource } = definition
  return { verb: 'delete', namespace, apiGroup, apiVersion, resource, subresource, name }
}

const FINALIZE_ANYTHING: Asked = {
  verb: 'update',
  namespace: '',
  apiGroup: '*',
  apiVersion: '*',
  resource: '*',
  subresource: 'finalizers',
  name: '*',
}

function finalization(
  { apiVersion, kind, name }: Frozen<OwnerReference>,
  attributes: AdmissionAttributes,
  resources: ResourceTable | undefined,
): Asked {
  const [group = '', version = ''] = apiVersion.includes('/') ? apiVersion.split('/') : ['', apiVersion]
  const found = resources?.findKind(group, version, kind)
  if (!found) {
    const why = `no matches for kind ${JSON.stringify(kind)} in version ${JSON.stringify(apiVersion)}`
    const what = `cannot set blockOwnerDeletion in this case because cannot find RESTMapping for APIVersion ${apiVersion} Kind ${kind}`
    throw admissionForbidden(attributes, `${what}: ${why}`)
  }
  const { plural: resource, scope } = found.definition
  // An owner with a namespace is in that of what it owns.
  const namespace = scope === 'Namespaced' ? attributes.namespace : ''
  return { verb: 'update', namespace, apiGroup: group, apiVersion: version, resource, subresource: 'finalizers', name }
}

import type { TokenRequest } from '../../../api/generated/types/authentication/v1.ts'
import type { PersistentVolume, PersistentVolumeClaim, Pod, Volume } from '../../../api/generated/types/core/v1.ts'
import type { CSIDriver } from '../../../api/generated/types/storage/v1.ts'
import { persistentVolumeClaims } from '../../../api/core/v1/persistentvolumeclaim.ts'
import { persistentVolumes } from '../../../api/core/v1/persistentvolume.ts'
import { csiDrivers } from '../../../api/storage/v1/csidriver.ts'
import type { Frozen } from '../../../apimachinery/meta.ts'
import { notFound, StatusError } from '../../../apimachinery/status.ts'
import type { Store } from '../../../store/store.ts'
import { aggregateMessage } from '../../../apimachinery/aggregate.ts'
import type { Authorizer } from '../../authz/types.ts'
import { readStored } from '../../mirror/read-stored.ts'
import type { AdmissionAttributes } from '../types.ts'

/** Where stored objects and rights are looked up. */
export interface Lookups {
  readonly store: Store
  readonly authorizer: Authorizer
}

/** Volumes of old that a CSI driver serves now. */
const MIGRATED: Readonly<Record<string, string>> = {
  awsElasticBlockStore: 'ebs.csi.aws.com',
  azureDisk: 'disk.csi.azure.com',
  azureFile: 'file.csi.azure.com',
  cinder: 'cinder.csi.openstack.org',
  gcePersistentDisk: 'pd.csi.storage.gke.io',
  portworxVolume: 'pxd.portworx.com',
  vsphereVolume: 'csi.vsphere.vmware.com',
}

/**
 * Why a node may not have a token of these audiences for the pod; undefined when it may: the pod mounts a token of that audience, a CSI driver
 * of its volumes asks for one, or the node was given `request-serviceaccounts-token-audience` for it.
 */
export async function audienceProblem(
  lookups: Lookups,
  { spec }: Frozen<TokenRequest>,
  pod: Frozen<Pod>,
  attributes: AdmissionAttributes,
): Promise<string | undefined> {
  const audiences = spec.audiences ?? []
  if (audiences.length > 1) return 'node may only request 0 or 1 audiences'
  const [audience = ''] = audiences
  const quoted = JSON.stringify(audience)
  const { found, problems } = await mounted(lookups.store, pod, audience)
  if (found) return undefined
  if (problems.length > 0) return `error validating audience ${quoted}: ${aggregateMessage(problems)}`
  if (await mayRequest(lookups.authorizer, audience, attributes)) return undefined
  const who = attributes.user.name
  return `audience ${quoted} not found in pod spec volume, ${who} is not authorized to request tokens for this audience`
}

async function mayRequest(authorizer: Authorizer, audience: string, attributes: AdmissionAttributes): Promise<boolean> {
  const { decision } = await authorizer.authorize({
    user: attributes.user,
    verb: 'request-serviceaccounts-token-audience',
    resourceRequest: true,
    path: '',
    namespace: attributes.namespace,
    apiGroup: '',
    apiVersion: 'v1',
    resource: audience,
    subresource: '',
    name: attributes.name,
  })
  return decision === 'Allow'
}

async function mounted(
  store: Store,
  pod: Frozen<Pod>,
  audience: string,
): Promise<{ readonly found: boolean; readonly problems: readonly string[] }> {
  const problems: string[] = []
  for (const volume of pod.spec.volumes ?? []) {
    const sources = volume.projected?.sources ?? []
    const isMounted = ({ serviceAccountToken: token }: (typeof sources)[number]): boolean =>
      token !== undefined && (token.audience ?? '') === audience
    if (sources.some(isMounted)) return { found: true, problems }
    try {
      const driver = await driverOf(store, pod, volume)
      if (driver && (await asksFor(store, driver, audience))) return { found: true, problems }
    } catch (error) {
      if (!(error instanceof StatusError)) throw error
      problems.push(error.message)
    }
  }
  return { found: false, problems }
}

async function driverOf(store: Store, pod: Frozen<Pod>, volume: Frozen<Volume>): Promise<string | undefined> {
  const namespace = pod.metadata.namespace ?? ''
  if (volume.ephemeral?.volumeClaimTemplate)
    return driverOfClaim(store, namespace, `${pod.metadata.name}-${volume.name}`)
  if (volume.persistentVolumeClaim) return driverOfClaim(store, namespace, volume.persistentVolumeClaim.claimName)
  return volume.csi?.driver ?? migrated(volume)
}

async function driverOfClaim(store: Store, namespace: string, name: string): Promise<string | undefined> {
  const claim = await readStored<PersistentVolumeClaim>(store, persistentVolumeClaims, `${namespace}/${name}`)
  if (!claim) throw notFound({ group: '', resource: 'persistentvolumeclaim' }, name)
  const volumeName = claim.spec?.volumeName ?? ''
  const volume = volumeName && (await readStored<PersistentVolume>(store, persistentVolumes, volumeName))
  if (!volume) throw notFound({ group: '', resource: 'persistentvolume' }, volumeName)
  return volume.spec?.csi?.driver ?? migrated(volume.spec ?? {})
}

function migrated(source: object): string | undefined {
  const field = Object.keys(MIGRATED).find((name) => name in source)
  return field === undefined ? undefined : MIGRATED[field]
}

async function asksFor(store: Store, name: string, audience: string): Promise<boolean> {
  const driver = await readStored<CSIDriver>(store, csiDrivers, name)
  if (!driver) throw notFound({ group: 'storage.k8s.io', resource: 'csidriver' }, name)
  return (driver.spec.tokenRequests ?? []).some((request) => request.audience === audience)
}

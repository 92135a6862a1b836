import { serviceAccounts } from '../../../api/core/v1/serviceaccount.ts'
import type { Container, Pod, ServiceAccount, Volume, VolumeMount } from '../../../api/generated/types/core/v1.ts'
import type { Frozen } from '../../../apimachinery/meta.ts'
import { podReferences } from '../../../api/core/v1/pod-references.ts'
import { nameSuffix, type Random } from '../../../lib/random.ts'
import type { Mirror } from '../../mirror/mirror.ts'
import { bareError } from '../../registry/revision.ts'
import { admissionForbidden, resourceName } from '../forbidden.ts'
import { pathProblem } from '../names.ts'
import { isPodWrite } from '../pods.ts'
import type { AdmissionAttributes, AdmissionPlugin } from '../types.ts'
import { foreignSecret, foreignSecretOfEphemeral, isLimited } from './secrets.ts'

const DEFAULT_ACCOUNT = 'default'
const MOUNT_PATH = '/var/run/secrets/kubernetes.io/serviceaccount'
const VOLUME_PREFIX = 'kube-api-access-'
/** An hour and a bit, so that a kubelet that renews hourly is in time. */
const TOKEN_SECONDS = 3607
/** Set on pods that a kubelet mirrors from a file: they act as nobody. */
const MIRROR_ANNOTATION = 'kubernetes.io/config.mirror'

/** Gives each pod a service account, its token and the cluster's CA certificate (upstream's ServiceAccount). */
export function serviceAccount(mirror: Mirror<ServiceAccount>, random: Random): AdmissionPlugin {
  return {
    name: 'ServiceAccount',
    handles: (operation) => operation === 'CREATE' || operation === 'UPDATE',
    async mutate(attributes) {
      if (!isPodWrite(attributes) || attributes.operation !== 'CREATE') return
      const pod = attributes.object as Pod
      if (pod.metadata.annotations?.[MIRROR_ANNOTATION] !== undefined) return checkMirrorPod(pod, attributes)
      pod.spec.serviceAccountName ||= DEFAULT_ACCOUNT
      pod.spec.serviceAccount = pod.spec.serviceAccountName
      const account = await find(mirror, attributes, pod.spec.serviceAccountName)
      if (mountsToken(pod, account)) mountToken(pod, random)
      if ((pod.spec.imagePullSecrets ?? []).length === 0 && account.imagePullSecrets) {
        pod.spec.imagePullSecrets = account.imagePullSecrets.map((reference) => ({ ...reference }))
      }
      checkPod(pod, account, attributes)
    },
    async validate(attributes) {
      const { operation, subresource, object } = attributes
      const isEphemeral = subresource === 'ephemeralcontainers' && resourceName(attributes) === 'pods'
      if (operation === 'UPDATE' ? !isEphemeral : !isPodWrite(attributes)) return
      const pod = object as Pod
      if (operation === 'CREATE' && pod.metadata.annotations?.[MIRROR_ANNOTATION] !== undefined)
        return checkMirrorPod(pod, attributes)
      const account = await find(mirror, attributes, accountOf(pod, attributes))
      if (operation === 'CREATE') return checkPod(pod, account, attributes)
      const foreign = isLimited(account) ? foreignSecretOfEphemeral(pod, account) : undefined
      // Upstream lets this error through as it is.
      if (foreign !== undefined) throw bareError(foreign)
    },
  }
}

function accountOf({ spec, metadata }: Pod, attributes: AdmissionAttributes): string {
  if (spec.serviceAccountName) return spec.serviceAccountName
  const why = `no service account specified for pod ${attributes.namespace}/${metadata.name ?? ''}`
  throw admissionForbidden(attributes, why)
}

function checkPod(pod: Pod, account: Frozen<ServiceAccount>, attributes: AdmissionAttributes): void {
  const foreign = isLimited(account) ? foreignSecret(pod, account) : undefined
  if (foreign !== undefined) throw admissionForbidden(attributes, foreign)
}

async function find(
  mirror: Mirror<ServiceAccount>,
  attributes: AdmissionAttributes,
  name: string,
): Promise<Frozen<ServiceAccount>> {
  const key = `${attributes.namespace}/${name}`
  const account = mirror.get(key) ?? (await mirror.live(key))
  if (account) return account
  const bad = pathProblem(name)
  const why = `error looking up service account ${key}: ${bad ?? `serviceaccount ${JSON.stringify(name)} not found`}`
  throw admissionForbidden(attributes, why)
}

/** The pod's word counts before the account's; the default is yes. */
function mountsToken(pod: Pod, account: Frozen<ServiceAccount>): boolean {
  return pod.spec.automountServiceAccountToken ?? account.automountServiceAccountToken ?? true
}

function mountToken(pod: Pod, random: Random): void {
  const existing = pod.spec.volumes?.find((volume) => volume.name.startsWith(VOLUME_PREFIX))
  const name = existing?.name ?? `${VOLUME_PREFIX}${nameSuffix(random)}`
  let mounted = false
  for (const container of [...(pod.spec.initContainers ?? []), ...(pod.spec.containers ?? [])] as Container[]) {
    if (container.volumeMounts?.some(({ mountPath }) => mountPath === MOUNT_PATH)) continue
    ;(container.volumeMounts ??= []).push({ name, readOnly: true, mountPath: MOUNT_PATH } satisfies VolumeMount)
    mounted = true
  }
  if (mounted && !existing) (pod.spec.volumes ??= []).push(tokenVolume(name))
}

function tokenVolume(name: string): Volume {
  const namespace = { path: 'namespace', fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.namespace' } }
  return {
    name,
    projected: {
      defaultMode: 0o644,
      sources: [
        { serviceAccountToken: { expirationSeconds: TOKEN_SECONDS, path: 'token' } },
        { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
        { downwardAPI: { items: [namespace] } },
      ],
    },
  }
}

/** It acts as nobody, and reads nothing that only somebody may. */
function checkMirrorPod(pod: Pod, attributes: AdmissionAttributes): void {
  const refuse = (why: string): Error => admissionForbidden(attributes, `a mirror pod may not ${why}`)
  const { spec, metadata } = pod
  if (spec.serviceAccountName) throw refuse('reference service accounts')
  const named = podReferences({ ...pod, metadata: { namespace: metadata.namespace ?? '' } })
  if ([...named].some((reference) => reference.startsWith('secrets '))) throw refuse('reference secrets')
  const sources = (spec.volumes ?? []).flatMap((volume) => volume.projected?.sources ?? [])
  if (sources.some((source) => source.serviceAccountToken)) throw refuse('use ServiceAccountToken volume projections')
}

/** What the plugin needs to be kept in memory. */
export const serviceAccountResource = serviceAccounts

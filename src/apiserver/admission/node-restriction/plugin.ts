import type { CertificateSigningRequest } from '../../../api/generated/types/certificates/v1.ts'
import type { TokenRequest } from '../../../api/generated/types/authentication/v1.ts'
import type { Node, PersistentVolumeClaim, Pod } from '../../../api/generated/types/core/v1.ts'
import type { ResourceSlice } from '../../../api/generated/types/resource/v1.ts'
import { nodes } from '../../../api/core/v1/node.ts'
import { pods } from '../../../api/core/v1/pod.ts'
import { semanticEqual } from '../../../apimachinery/equality.ts'
import type { Frozen, KubeObject } from '../../../apimachinery/meta.ts'
import { notFound } from '../../../apimachinery/status.ts'
import { parseRequest } from '../../../apimachinery/x509/request.ts'
import type { Store } from '../../../store/store.ts'
import { nodeOf } from '../../authz/node/identity.ts'
import { readStored } from '../../mirror/read-stored.ts'
import { admissionForbidden, resourceName } from '../forbidden.ts'
import type { AdmissionAttributes, AdmissionPlugin } from '../types.ts'
import { audienceProblem, type Lookups } from './audience.ts'
import { forbiddenLabels } from './labels.ts'
import { readByPod } from './mirror-pod.ts'

const MIRROR_ANNOTATION = 'kubernetes.io/config.mirror'
const LEASE_NAMESPACE = 'kube-node-lease'

type Check = (node: string, attributes: AdmissionAttributes, lookups: Lookups) => void | Promise<void>

/** By `plural.group/subresource`, or without the subresource for all of them. */
const CHECKS: Readonly<Record<string, Check>> = {
  'pods/': checkPod,
  'pods/status': checkPodStatus,
  'pods/eviction': checkEviction,
  pods(_node, attributes) {
    const { subresource } = attributes
    const why = `unexpected pod subresource ${JSON.stringify(subresource)}, only 'status' and 'eviction' are allowed`
    throw admissionForbidden(attributes, why)
  },
  nodes: checkNode,
  'persistentvolumeclaims/status': checkClaimStatus,
  persistentvolumeclaims(_node, attributes) {
    throw admissionForbidden(attributes, 'may only update PVC status')
  },
  'serviceaccounts/token': checkToken,
  'leases.coordination.k8s.io': checkLease,
  'csinodes.storage.k8s.io': (node, attributes) => checkOwnName(node, attributes, 'CSINode'),
  'resourceslices.resource.k8s.io': checkSlice,
  'certificatesigningrequests.certificates.k8s.io': checkCertificateRequest,
}

/** Lets a kubelet write its own node, and of pods only those on it (upstream's NodeRestriction). */
export function nodeRestriction(lookups: Lookups): AdmissionPlugin {
  return {
    name: 'NodeRestriction',
    handles: (operation) => operation !== 'CONNECT',
    async mutate(attributes) {
      const node = nodeOf(attributes.user)
      if (node === undefined) return
      if (node === '') {
        throw admissionForbidden(
          attributes,
          `could not determine node from user ${JSON.stringify(attributes.user.name)}`,
        )
      }
      const name = resourceName(attributes)
      await (CHECKS[`${name}/${attributes.subresource}`] ?? CHECKS[name])?.(node, attributes, lookups)
    },
  }
}

function checkPod(node: string, attributes: AdmissionAttributes, { store }: Lookups): void | Promise<void> {
  const { operation, oldObject } = attributes
  const who = JSON.stringify(node)
  if (operation === 'CREATE') return checkMirrorPod(node, attributes, store)
  if (operation !== 'DELETE') {
    const why = `unexpected operation ${JSON.stringify(operation)}, node ${who} can only create and delete mirror pods`
    throw admissionForbidden(attributes, why)
  }
  if ((oldObject as Frozen<Pod> | undefined)?.spec.nodeName !== node)
    throw admissionForbidden(attributes, `node ${who} can only delete pods with spec.nodeName set to itself`)
}

async function checkMirrorPod(node: string, attributes: AdmissionAttributes, store: Store): Promise<void> {
  const pod = attributes.object as Pod
  const who = `node ${JSON.stringify(node)}`
  const refuse = (why: string): Error => admissionForbidden(attributes, why)
  if (pod.metadata.annotations?.[MIRROR_ANNOTATION] === undefined)
    throw refuse(
      `pod does not have ${JSON.stringify(MIRROR_ANNOTATION)} annotation, ${who} can only create mirror pods`,
    )
  if (pod.spec.nodeName !== node) throw refuse(`${who} can only create pods with spec.nodeName set to itself`)
  const [owner, ...others] = pod.metadata.ownerReferences ?? []
  if (others.length > 0) throw refuse(`${who} can only create pods with a single owner reference set to itself`)
  if (owner?.apiVersion !== 'v1' || owner.kind !== 'Node' || owner.name !== node)
    throw refuse(`${who} can only create pods with an owner reference set to itself`)
  if (!owner.controller) throw refuse(`${who} can only create pods with a controller owner reference set to itself`)
  if (owner.blockOwnerDeletion) throw refuse(`${who} must not set blockOwnerDeletion on an owner reference`)
  const uid = (await readStored<Node>(store, nodes, node))?.metadata.uid
  if (uid === undefined) throw notFound({ group: '', resource: 'node' }, node)
  if (owner.uid !== uid) throw refuse(`node ${node} UID mismatch: expected ${owner.uid} got ${uid}`)
  const read = readBy(pod, refuse)
  if (read) throw refuse(`${who} can not create pods that reference ${read}`)
}

function readBy(pod: Pod, refuse: (why: string) => Error): string | undefined {
  try {
    return readByPod(pod)
  } catch (error) {
    throw refuse(
      `error checking mirror pod for API references: ${error instanceof Error ? error.message : String(error)}`,
    )
  }
}

function checkPodStatus(node: string, attributes: AdmissionAttributes): void {
  const { operation, object, oldObject } = attributes
  const who = `node ${JSON.stringify(node)}`
  if (operation !== 'UPDATE') throw admissionForbidden(attributes, `unexpected operation ${JSON.stringify(operation)}`)
  if ((oldObject as Frozen<Pod>).spec.nodeName !== node)
    throw admissionForbidden(attributes, `${who} can only update pod status for pods with spec.nodeName set to itself`)
  if (!semanticEqual(object?.metadata.labels, oldObject?.metadata.labels))
    throw admissionForbidden(attributes, `${who} cannot update labels through pod status`)
  const [now, before] = [(object as Pod).status, (oldObject as Frozen<Pod>).status]
  // Claims that it could name there it could read.
  if (!semanticEqual(now?.resourceClaimStatuses ?? [], before?.resourceClaimStatuses ?? []))
    throw admissionForbidden(attributes, `${who} cannot update resource claim statues`)
  if (!semanticEqual(now?.extendedResourceClaimStatus, before?.extendedResourceClaimStatus))
    throw admissionForbidden(attributes, `${who} cannot update extended resource claim status`)
}

async function checkEviction(node: string, attributes: AdmissionAttributes, { store }: Lookups): Promise<void> {
  const { namespace, name, object } = attributes
  const podName = name || (object?.metadata.name ?? '')
  const pod = await podOf(store, namespace, podName)
  if (pod.spec.nodeName !== node)
    throw admissionForbidden(attributes, `node ${node} can only evict pods with spec.nodeName set to itself`)
}

async function podOf(store: Store, namespace: string, name: string): Promise<Frozen<Pod>> {
  const pod = await readStored<Pod>(store, pods, `${namespace}/${name}`)
  // One, not many: upstream's listers speak so.
  if (!pod) throw notFound({ group: '', resource: 'pod' }, name)
  return pod
}

function checkNode(node: string, attributes: AdmissionAttributes): void {
  const { operation, object, oldObject } = attributes
  const name = attributes.name || (object?.metadata.name ?? '')
  const who = `node ${JSON.stringify(node)}`
  if (name !== node)
    throw admissionForbidden(attributes, `${who} is not allowed to modify node ${JSON.stringify(name)}`)
  if (!object) return
  const [now, before] = [object as Node, oldObject as Frozen<Node> | undefined]
  const labels = forbiddenLabels(now.metadata.labels, before?.metadata.labels).join(', ')
  if (operation === 'CREATE') {
    if (now.spec?.configSource)
      throw admissionForbidden(attributes, `${who} is not allowed to create pods with a non-nil configSource`)
    if (labels) throw admissionForbidden(attributes, `${who} is not allowed to set the following labels: ${labels}`)
    return
  }
  if (now.spec?.configSource && !semanticEqual(now.spec.configSource, before?.spec?.configSource))
    throw admissionForbidden(attributes, `${who} is not allowed to update configSource to a new non-nil configSource`)
  if (!semanticEqual(now.spec?.taints, before?.spec?.taints))
    throw admissionForbidden(attributes, `${who} is not allowed to modify taints`)
  // A node that could give itself an owner could have itself deleted and registered anew with other labels.
  if (!semanticEqual(now.metadata.ownerReferences, before?.metadata.ownerReferences))
    throw admissionForbidden(attributes, `${who} is not allowed to modify ownerReferences`)
  if (labels) throw admissionForbidden(attributes, `is not allowed to modify labels: ${labels}`)
}

function checkClaimStatus(node: string, attributes: AdmissionAttributes): void {
  if (attributes.operation !== 'UPDATE')
    throw admissionForbidden(attributes, `unexpected operation ${JSON.stringify(attributes.operation)}`)
  const same = (object: Frozen<KubeObject> | undefined): unknown => {
    const { metadata, status, ...rest } = object as Frozen<PersistentVolumeClaim>
    const { resourceVersion: _version, managedFields: _managed, ...kept } = metadata
    const {
      capacity: _capacity,
      conditions: _conditions,
      allocatedResources: _allocated,
      allocatedResourceStatuses: _statuses,
      ...keptStatus
    } = status ?? {}
    return { ...rest, metadata: kept, status: keptStatus }
  }
  if (semanticEqual(same(attributes.object), same(attributes.oldObject))) return
  const why = `node ${JSON.stringify(node)} is not allowed to update fields other than status.quantity and status.conditions`
  throw admissionForbidden(attributes, why)
}

/** A kubelet asks for tokens on behalf of its pods alone. */
async function checkToken(node: string, attributes: AdmissionAttributes, lookups: Lookups): Promise<void> {
  if (attributes.operation !== 'CREATE') return
  const request = attributes.object as TokenRequest
  const ref = request.spec.boundObjectRef
  if (ref?.apiVersion !== 'v1' || ref.kind !== 'Pod' || !ref.name)
    throw admissionForbidden(attributes, 'node requested token not bound to a pod')
  if (!ref.uid) throw admissionForbidden(attributes, 'node requested token with a pod binding without a uid')
  const pod = await podOf(lookups.store, attributes.namespace, ref.name)
  if (ref.uid !== pod.metadata.uid) {
    const why = `the UID in the bound object reference (${ref.uid}) does not match the UID in record. The object might have been deleted and then recreated`
    throw admissionForbidden(attributes, why)
  }
  if (pod.spec.nodeName !== node)
    throw admissionForbidden(attributes, 'node requested token bound to a pod scheduled on a different node')
  const problem = await audienceProblem(lookups, request, pod, attributes)
  if (problem) throw admissionForbidden(attributes, problem)
}

function checkLease(node: string, attributes: AdmissionAttributes): void {
  if (attributes.namespace !== LEASE_NAMESPACE)
    throw admissionForbidden(attributes, `can only access leases in the "${LEASE_NAMESPACE}" system namespace`)
  checkOwnName(node, attributes, 'node lease')
}

function checkOwnName(node: string, attributes: AdmissionAttributes, what: string): void {
  const name = attributes.operation === 'CREATE' ? attributes.object?.metadata.name : attributes.name
  if (name !== node)
    throw admissionForbidden(attributes, `can only access ${what} with the same name as the requesting node`)
}

function checkSlice(node: string, attributes: AdmissionAttributes): void {
  const slice = (attributes.object ?? attributes.oldObject) as Frozen<ResourceSlice> | undefined
  if (attributes.operation === 'UPDATE') return
  if (slice?.spec.nodeName === node) return
  const verb = attributes.operation === 'CREATE' ? 'create' : 'delete'
  throw admissionForbidden(attributes, `can only ${verb} ResourceSlice with the same NodeName as the requesting node`)
}

const KUBELET_SIGNERS = ['kubernetes.io/kubelet-serving', 'kubernetes.io/kube-apiserver-client-kubelet']

/** A kubelet asks for certificates in its own name alone. */
function checkCertificateRequest(node: string, attributes: AdmissionAttributes): void {
  if (attributes.operation !== 'CREATE') return
  const { spec } = attributes.object as CertificateSigningRequest
  if (!KUBELET_SIGNERS.includes(spec.signerName)) return
  const user = `system:node:${node}`
  if (nameAsked(spec.request, attributes) !== user)
    throw admissionForbidden(attributes, `can only create a node CSR with CN=${user}`)
}

function nameAsked(request: string, attributes: AdmissionAttributes): string {
  try {
    return parseRequest(request).subject.commonName
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw admissionForbidden(attributes, `unable to parse csr: ${why}`)
  }
}

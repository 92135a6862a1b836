import type { CertificateRequest } from '../../apimachinery/x509/request.ts'
import { notKubeletClient, notKubeletServing } from '../certificates/kubelet-request.ts'

/** Why a signer refuses a request; undefined when it does not. */
type Refuses = (request: CertificateRequest, usages: readonly string[]) => string | undefined

/** The signers that the cluster's authority stands behind. */
export const signers: ReadonlyMap<string, Refuses> = new Map<string, Refuses>([
  ['kubernetes.io/kube-apiserver-client', (_, usages) => notClient(usages)],
  ['kubernetes.io/kube-apiserver-client-kubelet', notKubeletClient],
  ['kubernetes.io/kubelet-serving', notKubeletServing],
  ['kubernetes.io/legacy-unknown', () => undefined],
])

const CLIENT_USAGES: readonly string[] = ['digital signature', 'key encipherment', 'client auth']

function notClient(usages: readonly string[]): string | undefined {
  const wrong = usages.find((usage) => !CLIENT_USAGES.includes(usage))
  if (wrong !== undefined) return `invalid usage for client certificate: ${wrong}`
  return usages.includes('client auth') ? undefined : 'missing required usage for client certificate: client auth'
}

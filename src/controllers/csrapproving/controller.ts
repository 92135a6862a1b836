import type { CertificateSigningRequest } from '../../api/generated/types/certificates/v1.ts'
import { certificateSigningRequests, subjectAccessReviews } from '../../api/index.ts'
import type { Frozen } from '../../apimachinery/meta.ts'
import { type CertificateRequest, parseRequest } from '../../apimachinery/x509/request.ts'
import { defineController, done, type ReconcileContext } from '../../client/controller.ts'
import { notKubeletClient } from '../certificates/kubelet-request.ts'
import { isDecided } from '../certificates/state.ts'

type Request = Frozen<CertificateSigningRequest>

/** Who may not yet may later: asked again after as long as the request is old, between these. */
const RETRY_MS = { least: 200, most: 1_000_000 }

/** Approves node agents' client certificates by SubjectAccessReview (upstream's sarapprove). */
export const csrApprovingController = defineController({
  name: 'certificatesigningrequest-approving',
  serviceAccount: 'certificate-controller',
  for: certificateSigningRequests,
  wakes: (now) => now !== undefined && !isDecided(now),
  async reconcile(key, context) {
    const request = context.lister(certificateSigningRequests).get(key)
    if (!request || isDecided(request)) return done
    const kinds = recognize(request, parseRequest(request.spec.request))
    for (const kind of kinds) {
      if (!(await mayCreate(request, kind.subresource, context))) continue
      await approve(request, kind.message, context)
      return done
    }
    if (kinds.length === 0) return done
    const ageMs = context.env.clock.now() - Date.parse(request.metadata.creationTimestamp ?? '')
    return { requeueAfterMs: Math.min(Math.max(ageMs || 0, RETRY_MS.least), RETRY_MS.most) }
  },
})

interface Kind {
  /** Of certificatesigningrequests; whoever may `create` it gets the certificate. */
  readonly subresource: 'selfnodeclient' | 'nodeclient'
  readonly message: string
}

const SELF: Kind = {
  subresource: 'selfnodeclient',
  message: 'Auto approving self kubelet client certificate after SubjectAccessReview.',
}
const ANY: Kind = {
  subresource: 'nodeclient',
  message: 'Auto approving kubelet client certificate after SubjectAccessReview.',
}

/** The kinds that the request is of, the narrower first. */
function recognize({ spec }: Request, asked: CertificateRequest): readonly Kind[] {
  if (spec.signerName !== 'kubernetes.io/kube-apiserver-client-kubelet') return []
  if (notKubeletClient(asked, spec.usages ?? []) !== undefined) return []
  return spec.username === asked.subject.commonName ? [SELF, ANY] : [ANY]
}

async function mayCreate({ spec }: Request, subresource: string, { client }: ReconcileContext): Promise<boolean> {
  const { username, uid, groups, extra } = spec
  const resourceAttributes = {
    group: 'certificates.k8s.io',
    resource: 'certificatesigningrequests',
    verb: 'create',
    version: '*',
    subresource,
  }
  const review = await client(subjectAccessReviews).create({
    metadata: {},
    spec: {
      ...(username && { user: username }),
      ...(uid && { uid }),
      ...(groups && { groups: [...groups] }),
      ...(extra && { extra: structuredClone(extra) as Record<string, string[]> }),
      resourceAttributes,
    },
  })
  return review.status?.allowed === true
}

async function approve(request: Request, message: string, { client }: ReconcileContext): Promise<void> {
  const condition = { type: 'Approved', status: 'True', reason: 'AutoApproved', message } as const
  const conditions = [...(request.status?.conditions ?? []), condition]
  await client(certificateSigningRequests).updateSubresource(request, 'approval', {
    apiVersion: 'certificates.k8s.io/v1',
    kind: 'CertificateSigningRequest',
    ...request,
    status: { ...request.status, conditions },
  })
}

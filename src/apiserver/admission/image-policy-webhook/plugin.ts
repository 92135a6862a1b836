import type { ImageReviewSpec, ImageReviewStatus } from '../../../api/generated/types/imagepolicy/v1alpha1.ts'
import type { Pod } from '../../../api/generated/types/core/v1.ts'
import { Lru } from '../../../lib/lru.ts'
import { DEFAULT_RETRY, withRetries } from '../../remote/retry.ts'
import { admissionForbidden, resourceName } from '../forbidden.ts'
import type { AdmissionSources } from '../sources.ts'
import type { AdmissionAttributes, AdmissionPlugin } from '../types.ts'
import type { ImagePolicyConfig } from './config.ts'

const AUDIT_PREFIX = 'imagepolicywebhook.image-policy.k8s.io/'
const KEPT_ANSWERS = 1024

/** A pod's images run only when a service says so (upstream's ImagePolicyWebhook). `sources.imagePolicy` is the way to it. */
export function imagePolicyWebhook(
  { env, imagePolicy: service }: AdmissionSources,
  config: ImagePolicyConfig,
): AdmissionPlugin {
  const { allowTtlMs, denyTtlMs, retryBackoffMs, defaultAllow } = config
  const known = new Lru<string, { readonly status: ImageReviewStatus; readonly untilMs: number }>(KEPT_ANSWERS)
  const ask = async (spec: ImageReviewSpec): Promise<ImageReviewStatus> => {
    const key = JSON.stringify(spec)
    const kept = known.get(key)
    if (kept && env.clock.monotonic() < kept.untilMs) return kept.status
    const body = { kind: 'ImageReview', apiVersion: 'imagepolicy.k8s.io/v1alpha1', metadata: {}, spec, status: {} }
    const answer = await withRetries(env, { ...DEFAULT_RETRY, firstMs: retryBackoffMs }, async () => {
      if (!service) throw new Error('this API server has no way to an image policy service')
      return service.post(body)
    })
    const status = statusOf(answer)
    known.set(key, { status, untilMs: env.clock.monotonic() + (status.allowed ? allowTtlMs : denyTtlMs) })
    return status
  }
  return {
    name: 'ImagePolicyWebhook',
    handles: (operation) => operation === 'CREATE' || operation === 'UPDATE',
    async validate(attributes) {
      const spec = reviewOf(attributes)
      if (!spec) return
      let status: ImageReviewStatus
      try {
        status = await ask(spec)
      } catch (error) {
        env.log.info('the image policy service does not answer', { err: error, allowed: defaultAllow })
        if (!defaultAllow) throw admissionForbidden(attributes, error instanceof Error ? error.message : String(error))
        return attributes.annotate(`${AUDIT_PREFIX}failed-open`, 'true')
      }
      const { allowed, reason, auditAnnotations = {} } = status
      for (const [key, value] of Object.entries(auditAnnotations)) attributes.annotate(`${AUDIT_PREFIX}${key}`, value)
      if (allowed) return
      const why = reason
        ? `image policy webhook backend denied one or more images: ${reason}`
        : 'one or more images rejected by webhook backend'
      throw admissionForbidden(attributes, why)
    },
  }
}

/** What is asked about a pod, or about the ephemeral containers that it gets; undefined for all else. */
function reviewOf(attributes: AdmissionAttributes): ImageReviewSpec | undefined {
  const { subresource, namespace, object, kind } = attributes
  if (resourceName(attributes) !== 'pods' || kind.kind !== 'Pod') return undefined
  if (subresource !== '' && subresource !== 'ephemeralcontainers') return undefined
  const { spec, metadata } = object as Pod
  const containers = subresource
    ? (spec.ephemeralContainers ?? [])
    : [...(spec.containers ?? []), ...(spec.initContainers ?? [])]
  const annotations = Object.entries(metadata.annotations ?? {}).filter(([key]) =>
    key.includes('.image-policy.k8s.io/'),
  )
  return {
    ...(containers.length > 0 && { containers: containers.map(({ image }) => (image ? { image } : {})) }),
    ...(annotations.length > 0 && { annotations: Object.fromEntries(annotations) }),
    namespace,
  }
}

/** What is not said is not allowed. */
function statusOf(answer: unknown): ImageReviewStatus {
  const status = typeof answer === 'object' && answer !== null && 'status' in answer ? answer.status : undefined
  const { allowed, reason, auditAnnotations } = (status ?? {}) as Partial<ImageReviewStatus>
  return { allowed: allowed === true, ...(reason && { reason }), ...(auditAnnotations && { auditAnnotations }) }
}

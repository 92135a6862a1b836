import type { EventLimit } from './event-rate-limit/config.ts'
import type { PodSecurityConfig } from './pod-security/config.ts'
import type { ImagePolicyConfig } from './image-policy-webhook/config.ts'
import type { NodeSelectors } from './pod-node-selector/plugin.ts'
import type { PodTolerationRestrictionConfig } from './pod-toleration-restriction/plugin.ts'

import type { LimitedResource } from './resource-quota/limited.ts'

/** Which plugins stand beside those that stand by default, and what they are told. */
export interface AdmissionConfig {
  /** By name, beside the defaults. */
  readonly enable?: readonly string[]
  /** By name, of the defaults. */
  readonly disable?: readonly string[]
  readonly eventRateLimit?: readonly EventLimit[]
  readonly imagePolicy?: ImagePolicyConfig
  readonly podSecurity?: PodSecurityConfig
  readonly podNodeSelector?: NodeSelectors
  readonly podTolerationRestriction?: PodTolerationRestrictionConfig
  /** What may be used only where a quota is about it. */
  readonly limitedResources?: readonly LimitedResource[]
  /** How long pods stay on nodes that fail, in seconds: 300 unless told. */
  readonly notReadyTolerationSeconds?: number
  readonly unreachableTolerationSeconds?: number
}

import { validateTolerations } from '../../../api/core/v1/pod-spec/tolerations.ts'
import type { Toleration } from '../../../api/generated/types/core/v1.ts'
import { decodeValue } from '../../../apimachinery/codec/json/decode.ts'
import { decodeAnyYaml } from '../../../apimachinery/codec/yaml/yaml.ts'
import { type FieldError, required } from '../../../apimachinery/status.ts'
import { isJsonObject } from '../../../lib/json-value.ts'
import { aggregateMessage } from '../../../apimachinery/aggregate.ts'
import { type ConfigKinds, decodeConfig } from '../../config/decode.ts'
import { boolean, document, int32, int64, list, string, struct } from '../../config/shape.ts'
import type { AdmissionConfig } from '../config.ts'
import { type EventLimit, validateEventLimits } from '../event-rate-limit/config.ts'
import { imagePolicyConfig, type ImagePolicyFields } from '../image-policy-webhook/config.ts'
import { podSecurityConfig } from '../pod-security/config.ts'
import type { LimitedResource } from '../resource-quota/limited.ts'

/** Reads what a plugin is told; undefined when it is told nothing. Throws an Error in upstream's words. */
type Read = (body: Uint8Array | undefined) => AdmissionConfig

const SCHEME = 'pkg/runtime/scheme.go:111'

/** By plugin. Others are told nothing, whatever stands in the file. */
export const PLUGIN_CONFIGS: ReadonlyMap<string, Read> = new Map<string, Read>([
  ['EventRateLimit', readEventRateLimit],
  ['ImagePolicyWebhook', readImagePolicy],
  ['PodNodeSelector', readPodNodeSelector],
  ['PodTolerationRestriction', readPodTolerationRestriction],
  ['PodSecurity', readPodSecurity],
  ['ResourceQuota', readResourceQuota],
])

const EVENT_RATE_LIMIT: ConfigKinds = {
  scheme: SCHEME,
  isLenient: true,
  versions: {
    'eventratelimit.admission.k8s.io/v1alpha1': {
      Configuration: document('v1alpha1.Configuration', {
        limits: list(struct('v1alpha1.Limit', { type: string, qps: int32, burst: int32, cacheSize: int32 })),
      }),
    },
  },
}

function readEventRateLimit(body: Uint8Array | undefined): AdmissionConfig {
  const limits = (body ? (decodeConfig(body, EVENT_RATE_LIMIT).object['limits'] ?? []) : []) as readonly EventLimit[]
  const errors = texts(validateEventLimits(limits))
  if (errors.length > 0) throw new Error(aggregateMessage(errors))
  return { eventRateLimit: limits }
}

const TOLERATIONS = list(
  struct('v1.Toleration', { key: string, operator: string, value: string, effect: string, tolerationSeconds: int64 }),
)

const TOLERATION_RESTRICTION: ConfigKinds = {
  scheme: SCHEME,
  isLenient: true,
  versions: {
    'podtolerationrestriction.admission.k8s.io/v1alpha1': {
      Configuration: document('v1alpha1.Configuration', { default: TOLERATIONS, whitelist: TOLERATIONS }),
    },
  },
}

function readPodTolerationRestriction(body: Uint8Array | undefined): AdmissionConfig {
  if (!body) return {}
  const { default: given = [], whitelist = [] } = decodeConfig(body, TOLERATION_RESTRICTION).object as {
    readonly default?: readonly Toleration[]
    readonly whitelist?: readonly Toleration[]
  }
  const errors = texts([
    ...validateTolerations(given, 'podtolerationrestriction.default'),
    ...validateTolerations(whitelist, 'podtolerationrestriction.whitelist'),
  ])
  if (errors.length > 0) throw new Error(`invalid config: [${errors.join(' ')}]`)
  return { podTolerationRestriction: { default: given, whitelist } }
}

/** Of no version, and not strict. */
const IMAGE_POLICY = struct('imagepolicy.AdmissionConfig', {
  imagePolicy: struct('imagepolicy.imagePolicyWebhookConfig', {
    kubeConfigFile: string,
    allowTTL: int64,
    denyTTL: int64,
    retryBackoff: int64,
    defaultAllow: boolean,
  }),
})

function readImagePolicy(body: Uint8Array | undefined): AdmissionConfig {
  if (!body) throw new Error('no config specified')
  const { value } = decodeAnyYaml(body, 'Ignore')
  const { object } = decodeValue(IMAGE_POLICY, isJsonObject(value) ? value : {}, 'Ignore')
  return { imagePolicy: imagePolicyConfig((object as { readonly imagePolicy?: ImagePolicyFields }).imagePolicy ?? {}) }
}

/** What cannot be read counts as nothing, as upstream. */
function readPodNodeSelector(body: Uint8Array | undefined): AdmissionConfig {
  const value = body && decodeAnyYaml(body, 'Ignore').value
  const selectors = isJsonObject(value) ? value['podNodeSelectorPluginConfig'] : undefined
  if (!isJsonObject(selectors)) return {}
  const texts = Object.entries(selectors).filter((entry): entry is [string, string] => typeof entry[1] === 'string')
  return { podNodeSelector: Object.fromEntries(texts) }
}

const LEVELS = Object.fromEntries(
  ['enforce', 'audit', 'warn'].flatMap((mode) => [mode, `${mode}-version`]).map((field) => [field, string]),
)

const POD_SECURITY: ConfigKinds = {
  scheme: SCHEME,
  versions: Object.fromEntries(
    ['v1', 'v1beta1', 'v1alpha1'].map((version) => [
      `pod-security.admission.config.k8s.io/${version}`,
      {
        PodSecurityConfiguration: document(`${version}.PodSecurityConfiguration`, {
          defaults: struct(`${version}.PodSecurityDefaults`, LEVELS),
          exemptions: struct(`${version}.PodSecurityExemptions`, {
            usernames: list(string),
            namespaces: list(string),
            runtimeClasses: list(string),
          }),
        }),
      },
    ]),
  ),
}

function readPodSecurity(body: Uint8Array | undefined): AdmissionConfig {
  return body ? { podSecurity: podSecurityConfig(decodeConfig(body, POD_SECURITY).object) } : {}
}

const LIMITED = struct('v1.LimitedResource', {
  apiGroup: string,
  resource: string,
  matchContains: list(string),
  matchScopes: list(
    struct('v1.ScopedResourceSelectorRequirement', { scopeName: string, operator: string, values: list(string) }),
  ),
})

const RESOURCE_QUOTA: ConfigKinds = {
  scheme: SCHEME,
  versions: {
    'apiserver.config.k8s.io/v1': {
      ResourceQuotaConfiguration: document('v1.Configuration', { limitedResources: list(LIMITED) }),
    },
    'resourcequota.admission.k8s.io/v1beta1': {
      Configuration: document('v1beta1.Configuration', { limitedResources: list(LIMITED) }),
    },
    'resourcequota.admission.k8s.io/v1alpha1': {
      Configuration: document('v1alpha1.Configuration', { limitedResources: list(LIMITED) }),
    },
  },
}

function readResourceQuota(body: Uint8Array | undefined): AdmissionConfig {
  if (!body) return {}
  const limited = (decodeConfig(body, RESOURCE_QUOTA).object['limitedResources'] ?? []) as readonly LimitedResource[]
  const errors = texts(
    limited.flatMap(({ resource }, index) => (resource ? [] : [required(`limitedResources[${index}].resource`)])),
  )
  if (errors.length > 0) throw new Error(aggregateMessage(errors))
  return { limitedResources: limited }
}

function texts(errors: Iterable<FieldError>): string[] {
  return [...errors].map(({ field, message }) => `${field}: ${message}`)
}

import { namespaces } from '../../../api/core/v1/namespace.ts'
import { qosClass } from '../../../api/core/v1/pod-qos.ts'
import type { Namespace, Pod, Toleration } from '../../../api/generated/types/core/v1.ts'
import { decodeAny } from '../../../apimachinery/codec/json/decode.ts'
import type { Frozen } from '../../../apimachinery/meta.ts'
import { notFound } from '../../../apimachinery/status.ts'
import { bareError } from '../../registry/revision.ts'
import { isPodWrite } from '../pods.ts'
import type { AdmissionSources } from '../sources.ts'
import { includes, mergeTolerations } from '../tolerations.ts'
import type { AdmissionAttributes, AdmissionPlugin } from '../types.ts'

/** What counts for namespaces that say nothing themselves. */
export interface PodTolerationRestrictionConfig {
  /** Every new pod gets these. */
  readonly default: readonly Frozen<Toleration>[]
  /** Pods may have no others; any when it is empty. */
  readonly whitelist: readonly Frozen<Toleration>[]
}

const DEFAULTS = 'scheduler.alpha.kubernetes.io/defaultTolerations'
const WHITELIST = 'scheduler.alpha.kubernetes.io/tolerationsWhitelist'
const MEMORY_PRESSURE: Toleration = {
  key: 'node.kubernetes.io/memory-pressure',
  operator: 'Exists',
  effect: 'NoSchedule',
}

/** Pods tolerate what their namespace lets them, and what it gives them (upstream's PodTolerationRestriction). */
export function podTolerationRestriction(
  { mirrors }: AdmissionSources,
  config: PodTolerationRestrictionConfig,
): AdmissionPlugin {
  const mirror = mirrors.of(namespaces)
  const namespaceOf = async ({ namespace: name }: AdmissionAttributes): Promise<Frozen<Namespace>> => {
    const found = mirror.get(name) ?? (await mirror.live(name))
    if (!found) throw notFound({ group: '', resource: 'namespaces' }, name)
    return found
  }
  const check = (namespace: Frozen<Namespace>, { spec }: Frozen<Pod>): void => {
    if (!spec.tolerations?.length) return
    const own = listed(namespace, WHITELIST)
    const allowed = own ?? config.whitelist
    if (allowed.length === 0) return
    if (spec.tolerations.every((one) => allowed.some((wide) => includes(wide, one)))) return
    const whose = own ? 'namespace' : 'cluster'
    throw bareError(
      `pod tolerations (possibly merged with namespace default tolerations) conflict with its ${whose} whitelist`,
    )
  }
  return {
    name: 'PodTolerationRestriction',
    handles: (operation) => operation === 'CREATE' || operation === 'UPDATE',
    async mutate(attributes) {
      if (!isPodWrite(attributes)) return
      const namespace = await namespaceOf(attributes)
      const pod = attributes.object as Pod
      const given = attributes.operation === 'CREATE' ? (listed(namespace, DEFAULTS) ?? config.default) : []
      const extra = [...given, ...(qosClass(pod) === 'BestEffort' ? [] : [MEMORY_PRESSURE])].map((one) => ({ ...one }))
      if (extra.length > 0) pod.spec.tolerations = mergeTolerations(pod.spec.tolerations ?? [], extra)
      check(namespace, pod)
    },
    async validate(attributes) {
      if (isPodWrite(attributes)) check(await namespaceOf(attributes), attributes.object as Pod)
    },
  }
}

/** What the namespace says; undefined when nothing, which is not the same as an empty list. */
function listed({ metadata }: Frozen<Namespace>, annotation: string): readonly Toleration[] | undefined {
  const text = metadata.annotations?.[annotation]
  if (text === undefined || text === '') return text === '' ? [] : undefined
  const value = parsed(text)
  if (Array.isArray(value)) return value as Toleration[]
  if (value === null) return []
  const type = typeof value === 'boolean' ? 'bool' : typeof value
  throw bareError(`json: cannot unmarshal ${type} into Go value of type []v1.Toleration`)
}

function parsed(text: string): unknown {
  try {
    return decodeAny(new TextEncoder().encode(text), 'Ignore').value
  } catch (error) {
    throw bareError(error instanceof Error ? error.message : String(error))
  }
}

import { getOwn } from '../../../lib/own.ts'
import type { Frozen } from '../../../apimachinery/meta.ts'
import { duplicate, type FieldError, required } from '../../../apimachinery/status.ts'
import { validateLabels } from '../../../apimachinery/validation/meta.ts'
import { dns1123Label, immutableField } from '../../checks.ts'
import { DEPRECATED_NODE_LABELS } from '../../core/v1/node-labels.ts'
import { validateContainerResources } from '../../core/v1/pod-spec/resources.ts'
import { validateTolerations } from '../../core/v1/pod-spec/tolerations.ts'
import type { Toleration } from '../../generated/types/core/v1.ts'
import type { RuntimeClass } from '../../generated/types/node/v1.ts'

const NO_CLAIMS: ReadonlySet<string> = new Set()

/** ValidateRuntimeClass. */
export function* validateRuntimeClass({ handler, overhead, scheduling }: Frozen<RuntimeClass>): Iterable<FieldError> {
  if (handler) yield* dns1123Label('handler', handler)
  else yield required('handler')
  if (overhead?.podFixed) yield* validateContainerResources({ limits: overhead.podFixed }, NO_CLAIMS, 'overhead')
  if (!scheduling) return
  yield* validateLabels(scheduling.nodeSelector, 'scheduling.nodeSelector')
  const { tolerations = [] } = scheduling
  yield* validateTolerations(tolerations, 'scheduling.tolerations')
  const seen = new Set<string>()
  for (const [index, toleration] of tolerations.entries()) {
    const { key, operator, value, effect } = toleration
    const id = JSON.stringify([key, operator, value, effect])
    if (seen.has(id)) yield duplicate(`scheduling.tolerations[${index}]`, printed(toleration))
    seen.add(id)
  }
}

/** As upstream's own form of a toleration prints. */
const printed = ({ key, operator, value, effect, tolerationSeconds }: Frozen<Toleration>): object => ({
  Key: key ?? '',
  Operator: operator ?? '',
  Value: value ?? '',
  Effect: effect ?? '',
  TolerationSeconds: tolerationSeconds ?? null,
})

/** The handler never changes. */
export const validateRuntimeClassUpdate = (now: Frozen<RuntimeClass>, old: Frozen<RuntimeClass>): FieldError[] =>
  immutableField('handler', now.handler, old.handler)

/** Warnings about labels of nodes that went out of use. */
export function* runtimeClassWarnings({ scheduling }: Frozen<RuntimeClass>): Iterable<string> {
  for (const key of Object.keys(scheduling?.nodeSelector ?? {})) {
    if (getOwn(DEPRECATED_NODE_LABELS, key)) yield `scheduling.nodeSelector: ${getOwn(DEPRECATED_NODE_LABELS, key)}`
  }
}

import { semanticEqual } from '../../../apimachinery/equality.ts'
import type { Frozen } from '../../../apimachinery/meta.ts'
import { type FieldError, fieldForbidden, invalid, notSupported, required } from '../../../apimachinery/status.ts'
import { inclusiveRange } from '../../checks.ts'
import type {
  LimitedPriorityLevelConfiguration,
  LimitResponse,
  PriorityLevelConfiguration,
  PriorityLevelConfigurationSpec,
  QueuingConfiguration,
} from '../../generated/types/flowcontrol/v1.ts'
import { MANDATORY_PRIORITY_LEVELS } from './mandatory.ts'
import { validateFlowStatus } from './schema-validate.ts'

const PRESERVE_ZERO = 'flowcontrol.k8s.io/v1beta3-preserve-zero-concurrency-shares'
const SHARES = 'must be a non-negative integer'

/** ValidatePriorityLevelConfiguration. */
export function* validatePriorityLevel(level: Frozen<PriorityLevelConfiguration>): Iterable<FieldError> {
  const { metadata, spec } = level
  if (PRESERVE_ZERO in (metadata.annotations ?? {})) {
    yield fieldForbidden('metadata.annotations', `annotation '${PRESERVE_ZERO}' is forbidden`)
  }
  const name = metadata.name ?? ''
  yield* validateSpec(spec, name)
  yield* validateMandatory(spec, name)
  yield* validateFlowStatus(level)
}

function* validateMandatory(spec: Frozen<PriorityLevelConfigurationSpec>, name: string): Iterable<FieldError> {
  const fixed = MANDATORY_PRIORITY_LEVELS.get(name)
  if (!fixed) return
  if (name === 'exempt') {
    if (semanticEqual({ ...spec, exempt: fixed.exempt }, fixed)) return
    yield invalid('spec', spec, `spec of '${name}' except the 'spec.exempt' field must equal the fixed value`)
  } else if (!semanticEqual(spec, fixed)) yield invalid('spec', spec, `spec of '${name}' must equal the fixed value`)
}

function* validateSpec(spec: Frozen<PriorityLevelConfigurationSpec>, name: string): Iterable<FieldError> {
  const { type, limited, exempt } = spec
  if ((name === 'exempt') !== (type === 'Exempt')) {
    yield invalid('spec.type', type, "must be 'Exempt' if and only if `name` is 'exempt'")
  }
  if (type === 'Exempt') {
    if (limited) yield fieldForbidden('spec.limited', 'must be nil if the type is not Limited')
    yield* validateShares(exempt ?? {}, 'spec.exempt')
  } else if (type === 'Limited') {
    if (exempt) yield fieldForbidden('spec.exempt', 'must be nil if the type is Limited')
    if (limited) yield* validateLimited(limited, 'spec.limited')
    else yield required('spec.limited', 'must not be empty when type is Limited')
  } else yield notSupported('spec.type', type, ['Exempt', 'Limited'])
}

interface Shares {
  readonly nominalConcurrencyShares?: number
  readonly lendablePercent?: number
}

function* validateShares(
  { nominalConcurrencyShares: shares = 0, lendablePercent }: Shares,
  path: string,
): Iterable<FieldError> {
  if (shares < 0) yield invalid(`${path}.nominalConcurrencyShares`, shares, SHARES)
  yield* validatePercent(lendablePercent, `${path}.lendablePercent`)
}

function* validatePercent(percent: number | undefined, field: string): Iterable<FieldError> {
  if (percent !== undefined && (percent < 0 || percent > 100)) yield invalid(field, percent, inclusiveRange(0, 100))
}

function* validateLimited(limited: Frozen<LimitedPriorityLevelConfiguration>, path: string): Iterable<FieldError> {
  const { nominalConcurrencyShares: shares = 0, limitResponse, lendablePercent, borrowingLimitPercent } = limited
  if (shares < 0) yield invalid(`${path}.nominalConcurrencyShares`, shares, SHARES)
  yield* validateResponse(limitResponse ?? { type: '' }, `${path}.limitResponse`)
  yield* validatePercent(lendablePercent, `${path}.lendablePercent`)
  if ((borrowingLimitPercent ?? 0) < 0) {
    yield invalid(`${path}.borrowingLimitPercent`, borrowingLimitPercent, `if specified, ${SHARES}`)
  }
}

function* validateResponse({ type, queuing }: Frozen<LimitResponse>, path: string): Iterable<FieldError> {
  if (type === 'Reject') {
    if (queuing) {
      yield fieldForbidden(`${path}.queuing`, 'must be nil if limited.limitResponse.type is not Limited')
    }
  } else if (type !== 'Queue') yield notSupported(`${path}.type`, type, ['Queue', 'Reject'])
  else if (queuing) yield* validateQueuing(queuing, `${path}.queuing`)
  else yield required(`${path}.queuing`, 'must not be empty if limited.limitResponse.type is Limited')
}

const MAX_QUEUES = 10_000_000
const MAX_HASH_BITS = 60

function* validateQueuing(queuing: Frozen<QueuingConfiguration>, path: string): Iterable<FieldError> {
  const { queues = 0, handSize = 0, queueLengthLimit = 0 } = queuing
  const none = 'must be positive'
  if (queueLengthLimit <= 0) yield invalid(`${path}.queueLengthLimit`, queueLengthLimit, none)
  if (queues <= 0) yield invalid(`${path}.queues`, queues, none)
  else if (queues > MAX_QUEUES) yield invalid(`${path}.queues`, queues, `must not be greater than ${MAX_QUEUES}`)
  const field = `${path}.handSize`
  if (handSize <= 0) yield invalid(field, handSize, none)
  else if (handSize > queues) yield invalid(field, handSize, `should not be greater than queues (${queues})`)
  else if (Math.ceil(Math.log2(queues) * handSize) > MAX_HASH_BITS) {
    const text = `required entropy bits of deckSize ${queues} and handSize ${handSize} should not be greater than ${MAX_HASH_BITS}`
    yield invalid(field, handSize, text)
  }
}

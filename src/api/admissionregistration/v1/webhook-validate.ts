import { validateLabelSelector } from '../../../apimachinery/labels/label-selector.ts'
import type { Frozen } from '../../../apimachinery/meta.ts'
import { duplicate, type FieldError, invalid, notSupported, required } from '../../../apimachinery/status.ts'
import { isDns1035Label, isDns1123Subdomain } from '../../../apimachinery/validation/names.ts'
import { problems, supported } from '../../checks.ts'
import type {
  MutatingWebhook,
  MutatingWebhookConfiguration,
  ValidatingWebhook,
  ValidatingWebhookConfiguration,
} from '../../generated/types/admissionregistration/v1.ts'
import { validateWebhookService, validateWebhookUrl } from '../../webhook-client.ts'
import { validateMatchConditions } from './match-conditions.ts'
import { validateRule } from './rules.ts'

type Webhook = ValidatingWebhook | MutatingWebhook

/** ValidateMutatingWebhookConfiguration and ValidateValidatingWebhookConfiguration. */
export function* validateWebhooks({
  webhooks = [],
}: Frozen<ValidatingWebhookConfiguration> | Frozen<MutatingWebhookConfiguration>): Iterable<FieldError> {
  const names = new Set<string>()
  for (const [index, hook] of webhooks.entries()) {
    const at = `webhooks[${index}]`
    yield* validateWebhook(hook, at)
    yield* validateReviewVersions(hook.admissionReviewVersions ?? [], `${at}.admissionReviewVersions`)
    if (hook.name && names.has(hook.name)) yield duplicate(`${at}.name`, hook.name)
    names.add(hook.name)
  }
}

const NO_SIDE_EFFECTS = ['None', 'NoneOnDryRun']

function* validateWebhook(hook: Frozen<Webhook>, path: string): Iterable<FieldError> {
  yield* validateQualified(`${path}.name`, hook.name)
  for (const [index, rule] of (hook.rules ?? []).entries()) yield* validateRule(rule, `${path}.rules[${index}]`)
  yield* supported(`${path}.failurePolicy`, hook.failurePolicy, ['Fail', 'Ignore'])
  yield* supported(`${path}.matchPolicy`, hook.matchPolicy, ['Equivalent', 'Exact'])
  const { sideEffects, timeoutSeconds: timeout } = hook
  if (sideEffects === undefined)
    yield required(`${path}.sideEffects`, `must specify one of ${NO_SIDE_EFFECTS.join(', ')}`)
  else if (!NO_SIDE_EFFECTS.includes(sideEffects)) {
    yield notSupported(`${path}.sideEffects`, sideEffects, NO_SIDE_EFFECTS)
  }
  if (timeout !== undefined && (timeout > 30 || timeout < 1)) {
    yield invalid(`${path}.timeoutSeconds`, timeout, 'the timeout value must be between 1 and 30 seconds')
  }
  yield* validateLabelSelector(hook.namespaceSelector, `${path}.namespaceSelector`)
  yield* validateLabelSelector(hook.objectSelector, `${path}.objectSelector`)
  if ('reinvocationPolicy' in hook) {
    yield* supported(`${path}.reinvocationPolicy`, hook.reinvocationPolicy, ['IfNeeded', 'Never'])
  }
  yield* validateClient(hook.clientConfig, `${path}.clientConfig`)
  yield* validateMatchConditions(hook.matchConditions ?? [], `${path}.matchConditions`)
}

function* validateClient({ url, service }: Frozen<Webhook['clientConfig']>, path: string): Iterable<FieldError> {
  if ((url === undefined) === (service === undefined)) {
    yield required(path, 'exactly one of url or service is required')
  } else if (url !== undefined) yield* validateWebhookUrl(`${path}.url`, url)
  else if (service) yield* validateWebhookService(`${path}.service`, service)
}

/** IsFullyQualifiedName: a domain of at least three segments. */
function* validateQualified(field: string, name: string): Iterable<FieldError> {
  const wrong = isDns1123Subdomain(name)
  if (!name) yield required(field)
  else if (wrong.length > 0) yield invalid(field, name, wrong.join(','))
  else if (name.split('.').length < 3) {
    yield invalid(field, name, 'should be a domain with at least three segments separated by dots')
  }
}

const KNOWN = ['v1', 'v1beta1']

function* validateReviewVersions(versions: readonly string[], path: string): Iterable<FieldError> {
  if (versions.length === 0) return yield required(path, `must specify one of ${KNOWN.join(', ')}`)
  for (const [index, version] of versions.entries()) {
    const field = `${path}[${index}]`
    if (versions.indexOf(version) < index) yield invalid(field, version, 'duplicate version')
    else yield* problems(field, version, isDns1035Label(version))
  }
  if (!versions.some((version) => KNOWN.includes(version))) {
    yield invalid(path, versions, `must include at least one of ${KNOWN.join(', ')}`)
  }
}

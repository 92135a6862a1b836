import { BOOL, listType, NULL, STRING } from '../../../apimachinery/cel/index.ts'
import type { Frozen } from '../../../apimachinery/meta.ts'
import { duplicate, type FieldError, invalid, notSupported, required } from '../../../apimachinery/status.ts'
import { qualifiedName, supported } from '../../checks.ts'
import { validateConditions } from '../../conditions.ts'
import type {
  AuditAnnotation,
  MutatingAdmissionPolicy,
  Mutation,
  ValidatingAdmissionPolicy,
  ValidatingAdmissionPolicySpec,
  Validation,
} from '../../generated/types/admissionregistration/v1.ts'
import { expressionProblem } from '../expressions/compile.ts'
import { PolicyCompiler } from '../expressions/composition.ts'
import { JSON_PATCH_TYPE, OBJECT_TYPE } from '../expressions/patch-types.ts'
import { validateMatchConditions } from './match-conditions.ts'
import { validateMatchResources, validateMutableOperations } from './match-resources.ts'
import { validateParamKind } from './param-kind.ts'
import { validateVariables } from './variables.ts'

type Policy = Pick<
  ValidatingAdmissionPolicySpec,
  'failurePolicy' | 'matchConditions' | 'matchConstraints' | 'paramKind' | 'variables'
>

function* validateCommon(spec: Frozen<Policy>, compiler: PolicyCompiler, mutating = false): Iterable<FieldError> {
  yield* supported('spec.failurePolicy', spec.failurePolicy, ['Fail', 'Ignore'])
  if (spec.paramKind) yield* validateParamKind(spec.paramKind, 'spec.paramKind')
  const { matchConstraints: match } = spec
  if (match) {
    yield* validateMatchResources(match, 'spec.matchConstraints')
    if ((match.resourceRules ?? []).length === 0) yield required('spec.matchConstraints.resourceRules')
    if (mutating) yield* validateMutableOperations(match, 'spec.matchConstraints')
  } else yield required('spec.matchConstraints')
  yield* validateMatchConditions(spec.matchConditions ?? [], 'spec.matchConditions', spec.paramKind !== undefined)
  yield* validateVariables(spec.variables ?? [], compiler, 'spec.variables')
}

const MAX_ANNOTATIONS = 20
const MAX_VALUE_EXPRESSION = 5 * 1024

/** ValidateValidatingAdmissionPolicy. */
export function* validateValidatingPolicy(policy: Frozen<ValidatingAdmissionPolicy>): Iterable<FieldError> {
  const { metadata, spec } = policy
  const compiler = new PolicyCompiler({
    params: spec.paramKind !== undefined,
    composed: (spec.variables ?? []).length > 0,
  })
  yield* validateCommon(spec, compiler)
  const { validations = [], auditAnnotations: annotations = [] } = spec
  if (validations.length + annotations.length === 0) {
    const text = 'validations or auditAnnotations must contain at least one item'
    yield required('spec.validations', text)
    yield required('spec.auditAnnotations', text)
  }
  for (const [index, validation] of validations.entries()) {
    yield* validateValidation(validation, compiler, `spec.validations[${index}]`)
  }
  const path = 'spec.auditAnnotations'
  if (annotations.length > MAX_ANNOTATIONS) {
    const shown = annotations.map(({ key, valueExpression }) => ({ Key: key, ValueExpression: valueExpression }))
    yield invalid(path, shown, `must not have more than ${MAX_ANNOTATIONS} auditAnnotations`)
  }
  const keys = new Set<string>()
  for (const [index, annotation] of annotations.entries()) {
    yield* validateAnnotation(annotation, metadata.name ?? '', compiler, `${path}[${index}]`)
    if (keys.has(annotation.key)) yield duplicate(`${path}[${index}].key`, annotation.key)
    keys.add(annotation.key)
  }
}

function* validateValidation(
  validation: Frozen<Validation>,
  compiler: PolicyCompiler,
  path: string,
): Iterable<FieldError> {
  const { expression, message = '', messageExpression = '', reason } = validation
  if (!expression.trim()) yield required(`${path}.expression`, 'expression is not specified')
  else {
    const compiled = compiler.compile(expression, { authorizer: true }, [BOOL])
    yield* expressionProblem(expression, compiled, `${path}.expression`)
  }
  const blank = 'must be non-empty if specified'
  if (messageExpression && !messageExpression.trim()) {
    yield invalid(`${path}.messageExpression`, messageExpression, blank)
  } else if (messageExpression) {
    const compiled = compiler.compile(messageExpression, {}, [STRING])
    yield* expressionProblem(messageExpression, compiled, `${path}.messageExpression`)
  }
  if (message && !message.trim()) yield invalid(`${path}.message`, message, blank)
  else if (/[\n\r]/.test(message.trim())) yield invalid(`${path}.message`, message, 'must not contain line breaks')
  const reasons = ['Forbidden', 'Invalid', 'RequestEntityTooLarge']
  if (reason !== undefined && !reasons.includes(reason)) yield notSupported(`${path}.reason`, reason, reasons)
}

function* validateAnnotation(
  annotation: Frozen<AuditAnnotation>,
  name: string,
  compiler: PolicyCompiler,
  path: string,
): Iterable<FieldError> {
  const { key, valueExpression } = annotation
  if (name) yield* qualifiedName(`${path}.key`, `${name}/${key}`)
  else yield invalid(`${path}.key`, key, 'requires metadata.name be non-empty')
  const trimmed = valueExpression.trim()
  if (!trimmed) yield required(`${path}.valueExpression`, 'valueExpression is not specified')
  else if (trimmed.length > MAX_VALUE_EXPRESSION) {
    yield required(`${path}.valueExpression`, `must not exceed ${MAX_VALUE_EXPRESSION} bytes in length`)
  } else {
    const compiled = compiler.compile(trimmed, { authorizer: true }, [STRING, NULL])
    yield* expressionProblem(valueExpression, compiled, `${path}.valueExpression`)
  }
}

/** ValidateValidatingAdmissionPolicyStatusUpdate. */
export function* validateValidatingPolicyStatus(policy: Frozen<ValidatingAdmissionPolicy>): Iterable<FieldError> {
  const { status } = policy
  for (const [index, { warning, fieldRef }] of (status?.typeChecking?.expressionWarnings ?? []).entries()) {
    const at = `status.typeChecking.expressionWarnings[${index}]`
    if (!warning) yield required(`${at}.warning`)
    if (!fieldRef.trim()) yield required(`${at}.fieldRef`)
  }
  yield* validateConditions(status?.conditions, 'status.conditions')
}

/** ValidateMutatingAdmissionPolicy. */
export function* validateMutatingPolicy({ spec }: Frozen<MutatingAdmissionPolicy>): Iterable<FieldError> {
  const compiler = new PolicyCompiler({ params: spec.paramKind !== undefined, composed: true })
  yield* validateCommon(spec, compiler, true)
  const { mutations = [], reinvocationPolicy } = spec
  if (mutations.length === 0) yield required('spec.mutations', 'mutations must contain at least one item')
  for (const [index, mutation] of mutations.entries())
    yield* validateMutation(mutation, compiler, `spec.mutations[${index}]`)
  if (!reinvocationPolicy) yield required('spec.reinvocationPolicy')
  else yield* supported('spec.reinvocationPolicy', reinvocationPolicy, ['IfNeeded', 'Never'])
}

const PATCHES = { JSONPatch: 'jsonPatch', ApplyConfiguration: 'applyConfiguration' } as const

function* validateMutation(mutation: Frozen<Mutation>, compiler: PolicyCompiler, path: string): Iterable<FieldError> {
  const { patchType } = mutation
  if (!patchType) return yield required(`${path}.patchType`)
  if (!(patchType in PATCHES)) {
    return yield notSupported(`${path}.patchType`, patchType, ['ApplyConfiguration', 'JSONPatch'])
  }
  const wanted = PATCHES[patchType]
  const other = PATCHES[patchType === 'JSONPatch' ? 'ApplyConfiguration' : 'JSONPatch']
  const patch = mutation[wanted]
  if (!patch) yield required(`${path}.${wanted}`, `must be specified when patchType is ${patchType}`)
  else
    yield* validatePatchExpression(patch.expression?.trim() ?? '', patchType, compiler, `${path}.${wanted}.expression`)
  if (mutation[other]) {
    yield invalid(`${path}.${other}`, `{${other}}`, `must not be specified when patchType is ${patchType}`)
  }
}

function* validatePatchExpression(
  expression: string,
  patchType: keyof typeof PATCHES,
  compiler: PolicyCompiler,
  field: string,
): Iterable<FieldError> {
  if (!expression) return yield required(field)
  const wanted = patchType === 'JSONPatch' ? listType(JSON_PATCH_TYPE) : OBJECT_TYPE
  yield* expressionProblem(
    expression,
    compiler.compile(expression, { authorizer: true, patches: true }, [wanted]),
    field,
  )
}

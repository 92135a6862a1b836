import { nameIsDnsLabel, nameIsDnsSubdomain } from '../../validation/names.ts'
import { BOOL, type CelType, STRING } from '../check/types.ts'
import { CelError, type CelValue, noSuchOverload, Opaque } from '../values/values.ts'
import { type FunctionDecl, fn, type Implementation, member } from './functions.ts'
import { AUTHORIZER_TYPE, DECISION_TYPE, GROUP_CHECK_TYPE, PATH_CHECK_TYPE, RESOURCE_CHECK_TYPE } from './types.ts'

/** What an expression asks to be allowed to do. */
export interface AuthorizationQuestion {
  readonly verb: string
  /** A path that is no resource. */
  readonly path?: string
  readonly resource?: {
    readonly group: string
    readonly resource: string
    readonly subresource: string
    readonly namespace: string
    readonly name: string
    /** Selectors as written; empty: none. */
    readonly fieldSelector: string
    readonly labelSelector: string
  }
  /** Given: the question is about this service account instead of the user of the request. */
  readonly serviceAccount?: { readonly namespace: string; readonly name: string }
}

/** The answer. */
export interface AuthorizationAnswer {
  readonly allowed: boolean
  readonly reason: string
  readonly error?: string
}

/** Answers an expression's questions, at once: whoever needs time has asked before. */
export type Authorize = (question: AuthorizationQuestion) => AuthorizationAnswer

type Who = AuthorizationQuestion['serviceAccount']
type Resource = NonNullable<AuthorizationQuestion['resource']>

/** A step of a question, comparable only with itself. */
abstract class Step extends Opaque {
  equals(other: CelValue): boolean | CelError {
    return this === other
  }
}

class AuthorizerValue extends Step {
  readonly type = AUTHORIZER_TYPE
  readonly ask: Authorize
  readonly who: Who
  constructor(ask: Authorize, who?: Who) {
    super()
    this.ask = ask
    this.who = who
  }
}

class PathCheck extends Step {
  readonly type = PATH_CHECK_TYPE
  readonly authorizer: AuthorizerValue
  readonly path: string
  constructor(authorizer: AuthorizerValue, path: string) {
    super()
    this.authorizer = authorizer
    this.path = path
  }
}

class GroupCheck extends Step {
  readonly type = GROUP_CHECK_TYPE
  readonly authorizer: AuthorizerValue
  readonly group: string
  constructor(authorizer: AuthorizerValue, group: string) {
    super()
    this.authorizer = authorizer
    this.group = group
  }
}

class ResourceCheck extends Step {
  readonly type = RESOURCE_CHECK_TYPE
  readonly authorizer: AuthorizerValue
  readonly resource: Resource
  constructor(authorizer: AuthorizerValue, resource: Resource) {
    super()
    this.authorizer = authorizer
    this.resource = resource
  }
  with(change: Partial<Resource>): ResourceCheck {
    return new ResourceCheck(this.authorizer, { ...this.resource, ...change })
  }
}

class Decision extends Step {
  readonly type = DECISION_TYPE
  readonly answer: AuthorizationAnswer
  constructor(answer: AuthorizationAnswer) {
    super()
    this.answer = answer
  }
}

/** The value of an expression's variable `authorizer`. */
export function authorizerValue(ask: Authorize): CelValue {
  return new AuthorizerValue(ask)
}

/** The value of `authorizer.requestResource`: a question about the request's own resource. */
export function requestResourceValue(
  ask: Authorize,
  resource: Omit<Resource, 'fieldSelector' | 'labelSelector'>,
): CelValue {
  return new ResourceCheck(new AuthorizerValue(ask), { ...resource, fieldSelector: '', labelSelector: '' })
}

function ask(authorizer: AuthorizerValue, question: AuthorizationQuestion): Decision {
  const { who } = authorizer
  return new Decision(authorizer.ask(who === undefined ? question : { ...question, serviceAccount: who }))
}

function check(step: CelValue | undefined, verb: CelValue | undefined): CelValue {
  if (typeof verb !== 'string') return noSuchOverload
  if (step instanceof PathCheck) return ask(step.authorizer, { verb, path: step.path })
  return step instanceof ResourceCheck ? ask(step.authorizer, { verb, resource: step.resource }) : noSuchOverload
}

function serviceAccount(
  authorizer: CelValue | undefined,
  namespace: CelValue | undefined,
  name: CelValue | undefined,
): CelValue {
  if (!(authorizer instanceof AuthorizerValue) || typeof namespace !== 'string' || typeof name !== 'string') {
    return noSuchOverload
  }
  if (nameIsDnsSubdomain(name, false).length > 0) return new CelError('Invalid service account name')
  if (nameIsDnsLabel(namespace, false).length > 0) return new CelError('Invalid service account namespace')
  return new AuthorizerValue(authorizer.ask, { namespace, name })
}

function path(authorizer: CelValue | undefined, text: CelValue | undefined): CelValue {
  if (!(authorizer instanceof AuthorizerValue) || typeof text !== 'string') return noSuchOverload
  return text.trim() === '' ? new CelError('path must not be empty') : new PathCheck(authorizer, text)
}

function group(authorizer: CelValue | undefined, text: CelValue | undefined): CelValue {
  if (!(authorizer instanceof AuthorizerValue) || typeof text !== 'string') return noSuchOverload
  return new GroupCheck(authorizer, text)
}

function resource(step: CelValue | undefined, text: CelValue | undefined): CelValue {
  if (!(step instanceof GroupCheck) || typeof text !== 'string') return noSuchOverload
  if (text.trim() === '') return new CelError('resource must not be empty')
  const rest = { subresource: '', namespace: '', name: '', fieldSelector: '', labelSelector: '' }
  return new ResourceCheck(step.authorizer, { group: step.group, resource: text, ...rest })
}

/** Narrows a question to a resource. */
const narrowing = (part: keyof Resource, id: string): FunctionDecl =>
  fn(
    part,
    member(id, [RESOURCE_CHECK_TYPE, STRING], RESOURCE_CHECK_TYPE, (step, text) =>
      step instanceof ResourceCheck && typeof text === 'string' ? step.with({ [part]: text }) : noSuchOverload,
    ),
  )

const ofDecision = (name: string, type: CelType, of: (answer: AuthorizationAnswer) => CelValue): FunctionDecl => {
  const call: Implementation = (decision) => (decision instanceof Decision ? of(decision.answer) : noSuchOverload)
  return fn(name, member(`decision_${name}`, [DECISION_TYPE], type, call))
}

/** Kubernetes' questions to the authorizer. */
export const authorizationLibrary: readonly FunctionDecl[] = [
  fn('path', member('authorizer_path', [AUTHORIZER_TYPE, STRING], PATH_CHECK_TYPE, path)),
  fn('group', member('authorizer_group', [AUTHORIZER_TYPE, STRING], GROUP_CHECK_TYPE, group)),
  fn(
    'serviceAccount',
    member('authorizer_serviceaccount', [AUTHORIZER_TYPE, STRING, STRING], AUTHORIZER_TYPE, serviceAccount),
  ),
  fn('resource', member('groupcheck_resource', [GROUP_CHECK_TYPE, STRING], RESOURCE_CHECK_TYPE, resource)),
  narrowing('subresource', 'resourcecheck_subresource'),
  narrowing('namespace', 'resourcecheck_namespace'),
  narrowing('name', 'resourcecheck_name'),
  narrowing('fieldSelector', 'authorizer_fieldselector'),
  narrowing('labelSelector', 'authorizer_labelselector'),
  fn(
    'check',
    member('pathcheck_check', [PATH_CHECK_TYPE, STRING], DECISION_TYPE, check),
    member('resourcecheck_check', [RESOURCE_CHECK_TYPE, STRING], DECISION_TYPE, check),
  ),
  ofDecision('errored', BOOL, ({ error }) => error !== undefined),
  ofDecision('error', STRING, ({ error }) => error ?? ''),
  ofDecision('allowed', BOOL, ({ allowed }) => allowed),
  ofDecision('reason', STRING, ({ reason }) => reason),
]

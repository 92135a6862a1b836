import { given, post, type Step } from '../case.ts'
import { rule } from './webhook-steps.ts'

const POLICIES = '/apis/admissionregistration.k8s.io/v1'
const READY = 'policies are in force'

type Kind = 'validating' | 'mutating'

/** Only what is in the case's namespace. */
export const here = { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': '$ns' } } }

/** Makes a policy; about config maps unless told. */
export const policy = (kind: Kind, spec: object, name = '$id'): Step =>
  post(`${POLICIES}/${kind}admissionpolicies`, {
    metadata: { name },
    spec: withPlace({ matchConstraints: { resourceRules: [rule({})] }, ...reinvoked(kind), ...spec }),
  })

/** Keeps a policy out of other cases, whatever it does where it is bound. */
const withPlace = (spec: { readonly matchConstraints: object }): object => ({
  ...spec,
  matchConstraints: { ...here, ...spec.matchConstraints },
})

const reinvoked = (kind: Kind): object => (kind === 'mutating' ? { reinvocationPolicy: 'Never' } : {})

/** Binds a policy to the case's namespace. */
export const bound = (kind: Kind, spec: object = {}, policyName = '$id', name = policyName): Step =>
  post(`${POLICIES}/${kind}admissionpolicybindings`, {
    metadata: { name },
    spec: { policyName, matchResources: here, ...(kind === 'validating' && { validationActions: ['Deny'] }), ...spec },
  })

const leases = rule({ apiGroups: ['coordination.k8s.io'], resources: ['leases'], operations: ['CREATE'] })
const refusals = {
  validating: { validations: [{ expression: 'false', message: READY }] },
  mutating: {
    reinvocationPolicy: 'Never',
    mutations: [
      { patchType: 'JSONPatch', jsonPatch: { expression: `[JSONPatch{op: "add", path: "/x/y", value: "${READY}"}]` } },
    ],
  },
}

/** Waits until all policies of a kind that were made so far are in force. */
export const inForce = (kind: Kind): Step[] => [
  given(policy(kind, { matchConstraints: { resourceRules: [leases] }, ...refusals[kind] }, '$id-ready')),
  given(bound(kind, {}, '$id-ready')),
  post(
    '/apis/coordination.k8s.io/v1/namespaces/$ns/leases?dryRun=All',
    { metadata: { name: 'ready' }, spec: {} },
    {
      until: kind === 'validating' ? READY : "'$id-ready' with binding",
    },
  ),
]

/** Whether it was made, and why not. */
const outcome: Pick<Step, 'compare' | 'view'> = {
  compare: ['status', 'body'],
  view: (body) => (body as { readonly message?: string }).message ?? 'made',
}

/** A policy that is bound to the case's namespace and in force. */
export const ruled = (spec: object, binding: object = {}): Step[] => [
  { ...policy('validating', spec), ...outcome },
  given(bound('validating', binding)),
  ...inForce('validating'),
]

export const mutated = (spec: object, binding: object = {}): Step[] => [
  { ...policy('mutating', spec), ...outcome },
  given(bound('mutating', binding)),
  ...inForce('mutating'),
]

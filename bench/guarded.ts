/** Many roles, bindings and policies, the same for every target. */
const RBAC = '/apis/rbac.authorization.k8s.io/v1'
const ADMISSION = '/apis/admissionregistration.k8s.io/v1'
const GROUP = 'rbac.authorization.k8s.io'

/** One request that makes something. */
export interface Made {
  readonly path: string
  readonly body: object
}

/** Of the user who is let in by them: an account that can do nothing else. */
export const GUARDED_NAMESPACE = 'default'
export const GUARDED_ACCOUNT = 'guarded'

const RULES_EACH = 10

/**
 * Roles of ten rules each, and bindings to them: half for the cluster, half in a hundred namespaces, each for another user. The bench's own
 * account is let in by one of them, in its namespace, to create and read pods and config maps.
 */
export function* rolesAndBindings(roles: number, bindings: number): Iterable<Made> {
  for (let i = 0; i < roles; i++) {
    const rules = Array.from({ length: RULES_EACH }, (_, j) => ({
      verbs: ['get', 'list', 'watch'],
      apiGroups: ['', 'apps'],
      resources: [`things-${i}-${j}`, `others-${j}`],
    }))
    yield { path: `${RBAC}/clusterroles`, body: { metadata: { name: `bench-${i}` }, rules } }
  }
  const own = { verbs: ['create', 'get'], apiGroups: [''], resources: ['pods', 'configmaps'] }
  yield {
    path: `${RBAC}/namespaces/${GUARDED_NAMESPACE}/roles`,
    body: { metadata: { name: 'bench-own' }, rules: [own] },
  }
  yield {
    path: `/api/v1/namespaces/${GUARDED_NAMESPACE}/serviceaccounts`,
    body: { metadata: { name: GUARDED_ACCOUNT } },
  }
  yield {
    path: `${RBAC}/namespaces/${GUARDED_NAMESPACE}/rolebindings`,
    body: {
      metadata: { name: 'bench-own' },
      roleRef: { apiGroup: GROUP, kind: 'Role', name: 'bench-own' },
      subjects: [{ kind: 'ServiceAccount', name: GUARDED_ACCOUNT, namespace: GUARDED_NAMESPACE }],
    },
  }
  for (let i = 0; i < bindings; i++) {
    const inNamespace = i % 2 === 0
    const kind = inNamespace ? 'rolebindings' : 'clusterrolebindings'
    const path = inNamespace ? `${RBAC}/namespaces/bench-${i % 100}/${kind}` : `${RBAC}/${kind}`
    yield {
      path,
      body: {
        metadata: { name: `bench-${i}` },
        roleRef: { apiGroup: GROUP, kind: 'ClusterRole', name: `bench-${i % roles}` },
        subjects: [{ kind: 'User', apiGroup: GROUP, name: `user-${i}` }],
      },
    }
  }
}

/** What policies of clusters ask of pods; taken in turns. */
const VALIDATIONS = [
  "object.spec.containers.all(c, !c.image.endsWith(':latest'))",
  "has(object.metadata.labels) && 'app' in object.metadata.labels",
  '!has(object.spec.hostNetwork) || !object.spec.hostNetwork',
  'object.spec.containers.all(c, !has(c.securityContext) || !has(c.securityContext.privileged) || !c.securityContext.privileged)',
  "object.metadata.name.size() < 200 && request.namespace != 'forbidden'",
]

/** Policies with a binding each, for the resource; those of no others look at it. */
export function* policies(count: number, resource: string): Iterable<Made> {
  for (let i = 0; i < count; i++) {
    yield {
      path: `${ADMISSION}/validatingadmissionpolicies`,
      body: {
        metadata: { name: `bench-${resource}-${i}` },
        spec: {
          failurePolicy: 'Fail',
          matchConstraints: {
            resourceRules: [
              { apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE', 'UPDATE'], resources: [resource] },
            ],
          },
          validations: [{ expression: VALIDATIONS[i % VALIDATIONS.length], message: `bench ${i}` }],
        },
      },
    }
    yield {
      path: `${ADMISSION}/validatingadmissionpolicybindings`,
      body: {
        metadata: { name: `bench-${resource}-${i}` },
        spec: { policyName: `bench-${resource}-${i}`, validationActions: ['Deny'] },
      },
    }
  }
}

/** A request whose audit events are known of kube-apiserver v1.36.0; see upstream.jsonl. */
export interface CatalogueRequest {
  readonly method: string
  readonly path: string
  /** Of the token file: admin unless told; a token that nobody has when 'nobody'; none at all when 'none'. */
  readonly as?: 'alice' | 'nobody' | 'none'
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: unknown
  /** In place of a body that is JSON. */
  readonly text?: string
  /** Waited for with this code, under other names, before it is sent: servers learn a little later what they were configured to do. */
  readonly until?: number
}

const NS = '/api/v1/namespaces/audited'
const JSON_PATCH = { 'content-type': 'application/json-patch+json' }
const MERGE = { 'content-type': 'application/merge-patch+json' }
const STRATEGIC = { 'content-type': 'application/strategic-merge-patch+json' }
const YAML = { 'content-type': 'application/yaml' }
const APPLY = { 'content-type': 'application/apply-patch+yaml' }
const TABLE = { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json' }
const PARTIAL = { accept: 'application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io,application/json' }
const DISCOVERY = { accept: 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList' }

const configMap = (name: string, more: object = {}): object => ({ metadata: { name }, data: { a: '1' }, ...more })
const pod = (name: string): object => ({
  metadata: { name },
  spec: { containers: [{ name: 'a', image: 'registry.example/a:1' }], automountServiceAccountToken: false },
})
const deployment = {
  metadata: { name: 'web' },
  spec: {
    replicas: 0,
    selector: { matchLabels: { app: 'web' } },
    template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'a', image: 'a:1' }] } },
  },
}
const hostPod = { ...pod('host'), spec: { ...(pod('host') as { spec: object }).spec, hostNetwork: true } }
const POD_SECURITY = {
  'pod-security.kubernetes.io/enforce': 'baseline',
  'pod-security.kubernetes.io/audit': 'restricted',
  'pod-security.kubernetes.io/audit-version': 'v1.30',
}
const BAD_POD_SECURITY = { metadata: { labels: { 'pod-security.kubernetes.io/enforce': 'no-such-level' } } }
const APPLIED_IN_LINES =
  '{"apiVersion": "v1",\n "kind": "ConfigMap", "metadata": {"name": "lines"}, "data": {"k": " v "}}\n'
const kubeUser = (name: string, groups?: string): Record<string, string> => ({
  'impersonate-user': name,
  ...(groups !== undefined && { 'impersonate-group': groups }),
})

const REGISTRATION = '/apis/admissionregistration.k8s.io/v1'
const JUDGED = '/api/v1/namespaces/judged/configmaps'
const judged = (name: string, data: object): object => ({ metadata: { name }, data })
const inJudged = { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'judged' } } }
const CONFIG_MAPS = [
  { apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE', 'UPDATE'], resources: ['configmaps'] },
]
const policy = (name: string, spec: object): object => ({
  metadata: { name },
  spec: { matchConstraints: { ...inJudged, resourceRules: CONFIG_MAPS }, ...spec },
})
const binding = (name: string, policyName: string, validationActions: string[]): object => ({
  metadata: { name },
  spec: { policyName, validationActions },
})
/** A webhook that nobody is behind, and that may be. */
const absent = (name: string): object => ({
  metadata: { name },
  webhooks: [
    {
      name: `${name}.example.com`,
      ...inJudged,
      rules: CONFIG_MAPS,
      clientConfig: { url: 'https://127.0.0.1:1/' },
      matchConditions: [{ name: 'open', expression: "object.metadata.name == 'open'" }],
      failurePolicy: 'Ignore',
      sideEffects: 'None',
      admissionReviewVersions: ['v1'],
    },
  ],
})
const audits = policy('audits', {
  validations: [
    { expression: "object.data.a != '2'", message: 'a is 2' },
    { expression: "!('c' in object.data)", messageExpression: "'c is ' + object.data.c", reason: 'Forbidden' },
  ],
  auditAnnotations: [
    { key: 'who', valueExpression: "'by ' + request.userInfo.username" },
    { key: 'nobody', valueExpression: "object.data.a == '1' ? '' : 'a is ' + object.data.a" },
  ],
})
const denies = policy('denies', { validations: [{ expression: "object.data.a != '3'", message: 'a is 3' }] })
const fails = policy('fails', {
  validations: [{ expression: "object.data['no such'] == ''" }],
  failurePolicy: 'Ignore',
})

/** In the order in which they are sent; each may need what those before it made. */
export const CATALOGUE: readonly CatalogueRequest[] = [
  // What the rest stands in.
  { method: 'POST', path: '/api/v1/namespaces', body: { metadata: { name: 'audited' } } },
  { method: 'POST', path: `${NS}/serviceaccounts`, body: { metadata: { name: 'default' } } },
  // Every verb of an object.
  { method: 'POST', path: `${NS}/configmaps`, body: configMap('one') },
  { method: 'POST', path: `${NS}/configmaps`, body: { metadata: { generateName: 'made-' } } },
  { method: 'GET', path: `${NS}/configmaps/one` },
  { method: 'GET', path: `${NS}/configmaps/one?pretty=true` },
  { method: 'GET', path: `${NS}/configmaps/one`, headers: PARTIAL },
  { method: 'GET', path: `${NS}/configmaps/one`, headers: { accept: 'application/yaml' } },
  { method: 'GET', path: `${NS}/configmaps/one`, headers: { accept: 'application/vnd.kubernetes.protobuf' } },
  { method: 'GET', path: `${NS}/configmaps?labelSelector=none%3Dhere` },
  { method: 'GET', path: `${NS}/configmaps?fieldSelector=metadata.name%3Done` },
  { method: 'GET', path: `${NS}/configmaps?fieldSelector=metadata.name%3Done`, headers: PARTIAL },
  { method: 'GET', path: '/api/v1/configmaps?fieldSelector=metadata.name%3Done' },
  {
    method: 'GET',
    path: `${NS}/configmaps?fieldSelector=metadata.name%3Done`,
    headers: { accept: 'application/vnd.kubernetes.protobuf' },
  },
  { method: 'GET', path: `${NS}/configmaps?watch=true&timeoutSeconds=1&fieldSelector=metadata.name%3Done` },
  { method: 'PUT', path: `${NS}/configmaps/one`, body: configMap('one', { data: { a: '2' } }) },
  { method: 'PUT', path: `${NS}/configmaps/one?dryRun=All`, body: configMap('one', { data: { a: '3' } }) },
  {
    method: 'PATCH',
    path: `${NS}/configmaps/one`,
    headers: JSON_PATCH,
    body: [{ op: 'add', path: '/data/b', value: '<&>' }],
  },
  { method: 'PATCH', path: `${NS}/configmaps/one`, headers: MERGE, body: { data: { c: 'x' } } },
  { method: 'PATCH', path: `${NS}/configmaps/one`, headers: STRATEGIC, body: { metadata: { labels: { l: 'v' } } } },
  {
    method: 'PATCH',
    path: `${NS}/configmaps/two?fieldManager=me`,
    headers: APPLY,
    body: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'two' }, data: { k: 'v' } },
  },
  { method: 'PATCH', path: `${NS}/configmaps/one`, headers: { 'content-type': 'text/plain' }, body: {} },
  {
    method: 'PATCH',
    path: `${NS}/configmaps/one`,
    headers: JSON_PATCH,
    body: [{ op: 'test', path: '/data/a', value: 'no' }],
  },
  { method: 'DELETE', path: `${NS}/configmaps/one?dryRun=All` },
  {
    method: 'DELETE',
    path: `${NS}/configmaps/one`,
    body: { kind: 'DeleteOptions', apiVersion: 'v1', propagationPolicy: 'Background' },
  },
  { method: 'DELETE', path: `${NS}/configmaps/one` },
  { method: 'DELETE', path: `${NS}/configmaps?labelSelector=none%3Dhere` },
  {
    method: 'DELETE',
    path: `${NS}/configmaps?fieldSelector=metadata.name%3Dtwo`,
    body: { propagationPolicy: 'Orphan' },
  },
  // Refusals.
  { method: 'POST', path: `${NS}/configmaps?dryRun=All`, body: configMap('dry') },
  { method: 'POST', path: `${NS}/configmaps`, body: configMap('Bad_Name') },
  { method: 'POST', path: `${NS}/configmaps`, body: { metadata: { name: 'x' }, data: 3 } },
  { method: 'POST', path: `${NS}/configmaps?fieldValidation=Strict`, body: configMap('x', { unknown: 1 }) },
  { method: 'POST', path: `${NS}/configmaps?dryRun=some`, body: configMap('x') },
  { method: 'POST', path: `${NS}/configmaps`, headers: { 'content-type': 'text/plain' }, body: {} },
  { method: 'GET', path: `${NS}/configmaps/none` },
  { method: 'GET', path: `${NS}/configmaps/one`, headers: { accept: 'text/html' } },
  { method: 'GET', path: `${NS}/nothings` },
  { method: 'GET', path: '/apis/none.example/v1/things' },
  { method: 'POST', path: `${NS}/configmaps/x`, body: {} },
  {
    method: 'PUT',
    path: `${NS}/configmaps/none`,
    body: configMap('none', { metadata: { name: 'none', resourceVersion: '1' } }),
  },
  { method: 'POST', path: '/api/v1/namespaces', body: { metadata: { name: 'audited' } } },
  { method: 'GET', path: `${NS}/configmaps?resourceVersion=bad` },
  { method: 'GET', path: `${NS}/configmaps?continue=bad` },
  { method: 'GET', path: `${NS}/configmaps?timeout=bad` },
  { method: 'GET', path: `${NS}/configmaps`, as: 'nobody' },
  { method: 'GET', path: `${NS}/configmaps?watch=true`, as: 'nobody' },
  { method: 'GET', path: `${NS}/configmaps`, as: 'none' },
  { method: 'GET', path: `${NS}/configmaps`, as: 'alice' },
  { method: 'GET', path: `${NS}/configmaps?watch=true`, as: 'alice' },
  { method: 'POST', path: `${NS}/configmaps`, as: 'alice', body: configMap('x') },
  { method: 'DELETE', path: `${NS}/configmaps`, as: 'alice' },
  // Acting as others.
  { method: 'GET', path: `${NS}/configmaps/none`, headers: kubeUser('bob') },
  { method: 'GET', path: `${NS}/configmaps/none`, headers: kubeUser('system:serviceaccount:audited:default') },
  {
    method: 'GET',
    path: `${NS}/configmaps/none`,
    headers: { ...kubeUser('bob'), 'impersonate-uid': 'u', 'impersonate-extra-a': 'b' },
  },
  // From then on upstream tries first for this sender what was right for this.
  { method: 'GET', path: `${NS}/configmaps/none`, headers: kubeUser('bob', 'system:masters') },
  { method: 'GET', path: `${NS}/configmaps/none`, as: 'alice', headers: kubeUser('bob') },
  { method: 'GET', path: `${NS}/configmaps/none`, headers: { 'impersonate-group': 'g' } },
  // Where requests come from, and by what.
  {
    method: 'GET',
    path: `${NS}/configmaps/none`,
    headers: { 'x-forwarded-for': '192.0.2.1, 2001:db8::1,bad', 'x-real-ip': '192.0.2.7' },
  },
  {
    method: 'GET',
    path: `${NS}/configmaps/none`,
    headers: { 'x-real-ip': '127.0.0.1', 'user-agent': 'a'.repeat(1100) },
  },
  {
    method: 'GET',
    path: `${NS}/configmaps/none`,
    headers: { 'user-agent': 'caf\u00c3\u00a9 \u00ff<&>\u00e2\u0080\u00a8' },
  },
  // Subresources.
  { method: 'POST', path: `${NS}/pods`, body: pod('p') },
  { method: 'GET', path: `${NS}/pods/p/status` },
  { method: 'PATCH', path: `${NS}/pods/p/status`, headers: MERGE, body: { status: { message: 'm' } } },
  {
    method: 'PATCH',
    path: `${NS}/pods/p/ephemeralcontainers`,
    headers: STRATEGIC,
    body: { spec: { ephemeralContainers: [] } },
  },
  { method: 'GET', path: `${NS}/pods/p/log` },
  { method: 'GET', path: `${NS}/pods/none/log` },
  { method: 'POST', path: `${NS}/pods/p/exec?command=ls&stdout=true` },
  { method: 'POST', path: `${NS}/pods/none/exec?command=ls&stdout=true` },
  { method: 'GET', path: `${NS}/pods/none/proxy/` },
  { method: 'GET', path: `${NS}/services/none/proxy/` },
  {
    method: 'POST',
    path: `${NS}/pods/p/eviction`,
    body: { metadata: { name: 'p' }, deleteOptions: { dryRun: ['All'] } },
  },
  { method: 'POST', path: `${NS}/pods/none/eviction`, body: { metadata: { name: 'none' } } },
  {
    method: 'POST',
    path: `${NS}/pods/p/binding`,
    body: { metadata: { name: 'p' }, target: { kind: 'Node', name: 'n' } },
  },
  { method: 'POST', path: `${NS}/bindings`, body: { metadata: { name: 'p' }, target: { kind: 'Node', name: 'n' } } },
  { method: 'DELETE', path: `${NS}/pods/p?gracePeriodSeconds=0` },
  { method: 'POST', path: `/apis/apps/v1/namespaces/audited/deployments`, body: deployment },
  { method: 'GET', path: `/apis/apps/v1/namespaces/audited/deployments/web/scale` },
  {
    method: 'PUT',
    path: `/apis/apps/v1/namespaces/audited/deployments/web/scale`,
    body: { metadata: { name: 'web', namespace: 'audited' }, spec: { replicas: 1 } },
  },
  {
    method: 'PATCH',
    path: `/apis/apps/v1/namespaces/audited/deployments/web/scale`,
    headers: MERGE,
    body: { spec: { replicas: 0 } },
  },
  { method: 'GET', path: `/apis/apps/v1/namespaces/audited/deployments/web/nothing` },
  { method: 'GET', path: `/apis/apps/v1/namespaces/audited/deployments`, headers: PARTIAL },
  { method: 'DELETE', path: `/apis/apps/v1/namespaces/audited/deployments/web` },
  {
    method: 'PUT',
    path: `${NS}/finalize`,
    body: { metadata: { name: 'audited' }, spec: { finalizers: ['kubernetes'] } },
  },
  // Secrets and tokens: what is told of them is the policy's.
  { method: 'POST', path: `${NS}/secrets`, body: { metadata: { name: 's' }, stringData: { k: 'v' } } },
  { method: 'GET', path: `${NS}/secrets/s` },
  { method: 'POST', path: `${NS}/serviceaccounts/default/token`, body: { spec: { expirationSeconds: 600 } } },
  { method: 'POST', path: `${NS}/serviceaccounts/none/token`, body: {} },
  { method: 'POST', path: '/apis/authentication.k8s.io/v1/tokenreviews', body: { spec: { token: 'bad' } } },
  { method: 'POST', path: '/apis/authentication.k8s.io/v1/selfsubjectreviews', body: {} },
  {
    method: 'POST',
    path: '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews',
    body: { spec: { resourceAttributes: { verb: 'get', resource: 'pods' } } },
  },
  {
    method: 'POST',
    path: '/apis/authorization.k8s.io/v1/subjectaccessreviews',
    body: { spec: { user: 'alice', nonResourceAttributes: { verb: 'get', path: '/x' } } },
  },
  // Bodies that are not written as the server writes.
  { method: 'POST', path: `${NS}/configmaps`, headers: YAML, text: 'metadata: {name: y}\ndata: {k: "v\\u2028<"}\n' },
  {
    method: 'POST',
    path: `${NS}/configmaps`,
    text: '{ "metadata": {"name": "blank"},\n\t"data": {"k": "a b\\u2028"} }\n',
  },
  { method: 'PATCH', path: `${NS}/configmaps/y`, headers: MERGE, text: '{\n "data": {"b": "a  \\" b", "b":"\\\\"}}\n' },
  { method: 'PATCH', path: `${NS}/configmaps/y`, headers: MERGE, text: '{"data":{},"n":1.50}' },
  { method: 'PATCH', path: `${NS}/configmaps/y`, headers: MERGE, text: 'null' },
  { method: 'PATCH', path: `${NS}/configmaps/y`, headers: MERGE, text: '[1, 2]' },
  { method: 'PATCH', path: `${NS}/configmaps/lines?fieldManager=me`, headers: APPLY, text: APPLIED_IN_LINES },
  // Fields that nobody knows.
  { method: 'POST', path: `${NS}/configmaps?fieldValidation=Strict`, body: configMap('x', { some: 1, other: {} }) },
  { method: 'POST', path: `${NS}/configmaps?fieldValidation=Warn`, body: configMap('warned', { some: 1 }) },
  {
    method: 'POST',
    path: `${NS}/configmaps?fieldValidation=Strict`,
    text: '{"metadata":{"name":"x","name":"y","no":1}}',
  },
  { method: 'PUT', path: `${NS}/configmaps/y?fieldValidation=Strict`, body: configMap('y', { some: 1 }) },
  {
    method: 'PATCH',
    path: `${NS}/configmaps/absent?fieldManager=me&fieldValidation=Strict`,
    headers: APPLY,
    body: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'absent' }, some: 1 },
  },
  { method: 'POST', path: `${NS}/pods?fieldValidation=Strict`, body: { ...pod('x'), spec: { container: [] } } },
  // What policies say for the log alone.
  { method: 'POST', path: '/api/v1/namespaces', body: { metadata: { name: 'watched', labels: POD_SECURITY } } },
  { method: 'POST', path: '/api/v1/namespaces/watched/serviceaccounts', body: { metadata: { name: 'default' } } },
  { method: 'POST', path: '/api/v1/namespaces/watched/pods', body: pod('plain') },
  { method: 'POST', path: '/api/v1/namespaces/watched/pods', body: hostPod },
  { method: 'POST', path: '/apis/apps/v1/namespaces/watched/deployments', body: deployment },
  { method: 'PATCH', path: '/api/v1/namespaces/watched', headers: MERGE, body: BAD_POD_SECURITY },
  // What is old.
  { method: 'GET', path: `${NS}/endpoints/none` },
  { method: 'POST', path: `${NS}/endpoints?dryRun=All`, body: { metadata: { name: 'e' } } },
  { method: 'GET', path: '/api/v1/watch/namespaces/audited/configmaps?timeoutSeconds=1' },
  // Paths that are no resources.
  { method: 'GET', path: '/healthz' },
  { method: 'GET', path: '/livez/ping' },
  { method: 'GET', path: '/version' },
  { method: 'GET', path: '/version', as: 'none' },
  { method: 'GET', path: '/metrics', as: 'alice' },
  { method: 'GET', path: '/nowhere' },
  { method: 'POST', path: '/nowhere', body: {} },
  { method: 'GET', path: '/apis/apps' },
  { method: 'GET', path: '/apis/scheduling.k8s.io/v1' },
  { method: 'GET', path: '/api', headers: DISCOVERY },
  { method: 'GET', path: '/openapi/v3/nowhere' },
  { method: 'GET', path: '/logs', as: 'alice' },
  // Tables, and the end.
  { method: 'GET', path: `${NS}/secrets?fieldSelector=metadata.name%3Ds`, headers: TABLE },
  { method: 'DELETE', path: `${NS}/secrets/s` },
  { method: 'GET', path: '/api/v1/nodes?limit=1' },
  { method: 'DELETE', path: NS },
  { method: 'DELETE', path: '/api/v1/namespaces/watched' },
  // What admission notes.
  { method: 'POST', path: '/api/v1/namespaces', body: { metadata: { name: 'judged' } } },
  { method: 'POST', path: `${REGISTRATION}/mutatingwebhookconfigurations`, body: absent('absent-mutating') },
  { method: 'POST', path: `${REGISTRATION}/validatingwebhookconfigurations`, body: absent('absent-validating') },
  { method: 'POST', path: `${REGISTRATION}/validatingadmissionpolicies`, body: audits },
  { method: 'POST', path: `${REGISTRATION}/validatingadmissionpolicies`, body: fails },
  { method: 'POST', path: `${REGISTRATION}/validatingadmissionpolicies`, body: denies },
  {
    method: 'POST',
    path: `${REGISTRATION}/validatingadmissionpolicybindings`,
    body: binding('audits', 'audits', ['Warn', 'Audit']),
  },
  {
    method: 'POST',
    path: `${REGISTRATION}/validatingadmissionpolicybindings`,
    body: binding('fails', 'fails', ['Audit']),
  },
  {
    method: 'POST',
    path: `${REGISTRATION}/validatingadmissionpolicybindings`,
    body: binding('denies', 'denies', ['Deny', 'Audit']),
  },
  { method: 'POST', path: `${JUDGED}?dryRun=All`, body: judged('denied', { a: '3' }), until: 422 },
  { method: 'POST', path: JUDGED, body: judged('fine', { a: '1' }) },
  { method: 'POST', path: JUDGED, body: judged('told', { a: '2' }) },
  { method: 'POST', path: JUDGED, body: judged('told-twice', { a: '2', c: 'x' }) },
  { method: 'POST', path: JUDGED, body: judged('denied', { a: '3', c: 'x' }) },
  { method: 'PUT', path: `${JUDGED}/fine`, body: judged('fine', { a: '3' }) },
  { method: 'PATCH', path: `${JUDGED}/fine`, headers: MERGE, body: { data: { a: '2' } } },
  { method: 'POST', path: JUDGED, body: judged('open', { a: '1' }) },
  { method: 'DELETE', path: `${JUDGED}/fine` },
]

import { type Case, type Catalogue, get, given, post, type Step } from '../case.ts'

const REVIEW = { kind: 'SelfSubjectReview', apiVersion: 'authentication.k8s.io/v1' }
const WHO = '/apis/authentication.k8s.io/v1/selfsubjectreviews'
const TOKEN_REVIEWS = '/apis/authentication.k8s.io/v1/tokenreviews'
const ACCOUNT = '/api/v1/namespaces/$ns/serviceaccounts/default'

type Headers = Readonly<Record<string, string>>

/** Who the sender is then. */
const whoAs = (headers: Headers, user?: 'alice'): Step => post(WHO, REVIEW, { headers, ...(user && { user }) })
const podsAs = (headers: Headers): Step => get('/api/v1/namespaces/$ns/pods', { headers, user: 'alice' })

/** What an administrator may ask for, and what nobody may. */
const ASKED: Readonly<Record<string, Headers>> = {
  'a user': { 'impersonate-user': 'bob' },
  'a user with a uid': { 'impersonate-user': 'bob', 'impersonate-uid': '7' },
  'a user with a group': { 'impersonate-user': 'bob', 'impersonate-group': 'crew' },
  'a user of all who are known': { 'impersonate-user': 'bob', 'impersonate-group': 'system:authenticated' },
  'a user of all who are not known': { 'impersonate-user': 'bob', 'impersonate-group': 'system:unauthenticated' },
  'a user with extras': { 'impersonate-user': 'bob', 'impersonate-extra-scopes': 'view' },
  'an escaped key': { 'impersonate-user': 'bob', 'impersonate-extra-example.com%2fscopes': 'view' },
  'a key escaped wrongly': { 'impersonate-user': 'bob', 'impersonate-extra-a%zz': 'view' },
  'a key in capitals': { 'impersonate-user': 'bob', 'Impersonate-Extra-ABC%2FD': 'x' },
  'an empty key': { 'impersonate-user': 'bob', 'impersonate-extra-': 'x' },
  'an empty user': { 'impersonate-user': '' },
  'an empty user and a group': { 'impersonate-user': '', 'impersonate-group': 'crew' },
  'a group and no user': { 'impersonate-group': 'system:masters' },
  'a uid and no user': { 'impersonate-uid': '1' },
  'an extra and no user': { 'impersonate-extra-scopes': 'view' },
  'an empty uid': { 'impersonate-user': 'bob', 'impersonate-uid': '' },
  'a node': { 'impersonate-user': 'system:node:n' },
  'a node with a group': { 'impersonate-user': 'system:node:n', 'impersonate-group': 'crew' },
  'a node with a uid': { 'impersonate-user': 'system:node:n', 'impersonate-uid': '1' },
  'a node without a name': { 'impersonate-user': 'system:node:' },
  'a service account': { 'impersonate-user': 'system:serviceaccount:default:x' },
  'a service account with a group': {
    'impersonate-user': 'system:serviceaccount:default:x',
    'impersonate-group': 'crew',
  },
  'half a service account': { 'impersonate-user': 'system:serviceaccount:default' },
  'a service account with capitals': { 'impersonate-user': 'system:serviceaccount:Default:X' },
  nobody: { 'impersonate-user': 'system:anonymous' },
  'nobody with a group': { 'impersonate-user': 'system:anonymous', 'impersonate-group': 'crew' },
  'an administrator': { 'impersonate-user': 'bob', 'impersonate-group': 'system:masters' },
  'a name of other letters': { 'impersonate-user': 'b c' },
}

const API = { apiGroups: ['authentication.k8s.io'] }

/** The right of `alice` that is asked for, each in a case of its own. */
const GRANTED: Readonly<Record<string, { readonly rules: readonly object[]; readonly as: Headers }>> = {
  'a user, as of old': {
    rules: [{ apiGroups: [''], resources: ['users'], verbs: ['impersonate'], resourceNames: ['$id'] }],
    as: { 'impersonate-user': '$id' },
  },
  'a user as of old, with a group that is not granted': {
    rules: [{ apiGroups: [''], resources: ['users'], verbs: ['impersonate'], resourceNames: ['$id'] }],
    as: { 'impersonate-user': '$id', 'impersonate-group': 'crew' },
  },
  'a user as of old, with a uid and extras': {
    rules: [
      { apiGroups: [''], resources: ['users'], verbs: ['impersonate'], resourceNames: ['$id'] },
      { ...API, resources: ['uids'], verbs: ['impersonate'], resourceNames: ['$id-uid'] },
      { ...API, resources: ['userextras/$id'], verbs: ['impersonate'], resourceNames: ['yes'] },
    ],
    as: { 'impersonate-user': '$id', 'impersonate-uid': '$id-uid', 'impersonate-extra-$id': 'yes' },
  },
  'a user, for what is done alone': {
    rules: [
      { ...API, resources: ['users'], verbs: ['impersonate:user-info'], resourceNames: ['$id'] },
      { apiGroups: [''], resources: ['pods'], verbs: ['impersonate-on:user-info:list'] },
    ],
    as: { 'impersonate-user': '$id' },
  },
  'a user and a group, for what is done alone': {
    rules: [
      { ...API, resources: ['users', 'groups'], verbs: ['impersonate:user-info'], resourceNames: ['$id', '$id-g'] },
      { apiGroups: [''], resources: ['pods'], verbs: ['impersonate-on:user-info:list'] },
    ],
    as: { 'impersonate-user': '$id', 'impersonate-group': '$id-g' },
  },
  'a user, and nothing that is done': {
    rules: [{ ...API, resources: ['users'], verbs: ['impersonate:user-info'], resourceNames: ['$id'] }],
    as: { 'impersonate-user': '$id' },
  },
  'a user, and something else that is done': {
    rules: [
      { ...API, resources: ['users'], verbs: ['impersonate:user-info'], resourceNames: ['$id'] },
      { apiGroups: [''], resources: ['pods'], verbs: ['impersonate-on:user-info:get'] },
    ],
    as: { 'impersonate-user': '$id' },
  },
  'any node': {
    rules: [
      { ...API, resources: ['nodes'], verbs: ['impersonate:arbitrary-node'], resourceNames: ['$id'] },
      { apiGroups: [''], resources: ['pods'], verbs: ['impersonate-on:arbitrary-node:list'] },
    ],
    as: { 'impersonate-user': 'system:node:$id' },
  },
  'any node, by the right for users': {
    rules: [
      { ...API, resources: ['users'], verbs: ['impersonate:user-info'], resourceNames: ['system:node:$id'] },
      { apiGroups: [''], resources: ['pods'], verbs: ['impersonate-on:user-info:list'] },
    ],
    as: { 'impersonate-user': 'system:node:$id' },
  },
  'a service account': {
    rules: [
      { ...API, resources: ['serviceaccounts'], verbs: ['impersonate:serviceaccount'], resourceNames: ['$id'] },
      { apiGroups: [''], resources: ['pods'], verbs: ['impersonate-on:serviceaccount:list'] },
    ],
    as: { 'impersonate-user': 'system:serviceaccount:$ns:$id' },
  },
  'the node that the sender is on, who is on none': {
    rules: [
      { ...API, resources: ['nodes'], verbs: ['impersonate:associated-node'] },
      { apiGroups: [''], resources: ['pods'], verbs: ['impersonate-on:associated-node:list'] },
    ],
    as: { 'impersonate-user': 'system:node:$id' },
  },
}

function granted(rules: readonly object[]): Step[] {
  const rbac = '/apis/rbac.authorization.k8s.io/v1'
  return [
    given(post(`${rbac}/clusterroles`, { metadata: { name: '$id' }, rules })),
    given(
      post(`${rbac}/clusterrolebindings`, {
        metadata: { name: '$id' },
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: '$id' },
        subjects: [{ kind: 'User', name: 'alice', apiGroup: 'rbac.authorization.k8s.io' }],
      }),
    ),
  ]
}

const review = (spec: object, more: object = {}): Step =>
  post(TOKEN_REVIEWS, { kind: 'TokenReview', apiVersion: 'authentication.k8s.io/v1', spec }, more)

const OWN = { audiences: ['https://kubernetes.default.svc', 'https://kubernetes.default.svc.cluster.local'] }

const REVIEWED: readonly Case[] = [
  { name: 'tokens: none', steps: [review({})] },
  { name: 'tokens: none that anybody knows', steps: [review({ token: 'nobody' })] },
  { name: 'tokens: half a JWT', steps: [review({ token: 'a.b.c' })] },
  { name: 'tokens: of a file', steps: [review({ token: 'alicetoken' })] },
  { name: 'tokens: of a file, for others', steps: [review({ token: 'alicetoken', audiences: ['other'] })] },
  {
    name: 'tokens: of a file, for the server and others',
    steps: [review({ token: 'alicetoken', audiences: ['other', ...OWN.audiences] }, { view: withoutOwn })],
  },
  { name: 'tokens: asked by somebody', steps: [review({ token: 'alicetoken' }, { user: 'alice' })] },
  {
    name: 'tokens: of an account, for others',
    steps: [
      given(post(`${ACCOUNT}/token`, { spec: { audiences: ['vault'] } }, { save: 'made' })),
      review({ token: '{{made.status.token}}', audiences: ['vault', 'x'] }, { view: withoutId }),
      review({ token: '{{made.status.token}}', audiences: ['x'] }, { view: withoutId }),
    ],
  },
]

/** The cluster's own issuers differ. */
function withoutOwn(body: unknown): unknown {
  return JSON.parse(
    JSON.stringify(body)
      .replaceAll(/"https:\/\/kubernetes\.default\.svc(\.cluster\.local)?",?/g, '')
      .replaceAll(',]', ']'),
  ) as unknown
}

/** Tokens and their ids are of chance. */
function withoutId(body: unknown): unknown {
  return JSON.parse(
    JSON.stringify(body)
      .replaceAll(/JTI=[0-9a-f-]+/g, 'JTI')
      .replaceAll(/eyJ[\w-]+\.[\w-]+\.[\w-]+/g, 'token'),
  ) as unknown
}

/** Who is who: acting as others, and whose tokens are. */
export const identity: Catalogue = {
  name: 'identity',
  cases: [
    ...Object.entries(ASKED).map(([what, headers]) => ({
      name: `an administrator as ${what}`,
      steps: [whoAs(headers)],
    })),
    ...Object.entries(ASKED).map(([what, headers]) => ({
      name: `somebody without leave as ${what}`,
      steps: [whoAs(headers, 'alice')],
    })),
    ...Object.entries(GRANTED).map(([what, { rules, as }]) => ({
      name: `somebody with leave for ${what}`,
      // The way that worked for somebody last is tried first there, and is the one that is told of.
      steps: [...granted(rules), whoAs(as, 'alice'), ...(what.includes('as of old, with') ? [] : [podsAs(as)])],
    })),
    ...REVIEWED,
    ...['/.well-known/openid-configuration', '/openid/v1/jwks'].flatMap((path) => [
      { name: `${path}: nobody`, steps: [get(path, { user: 'anonymous' as const })] },
      { name: `${path}: somebody`, steps: [get(path, { user: 'alice' as const })] },
      {
        name: `${path}: an account`,
        steps: [
          get(path, {
            headers: {
              'impersonate-user': 'system:serviceaccount:$ns:default',
              'impersonate-group': 'system:serviceaccounts',
            },
            compare: ['status', 'headers'],
          }),
        ],
      },
      { name: `${path}: YAML`, steps: [get(path, { headers: { accept: 'application/yaml' } })] },
    ]),
  ],
}

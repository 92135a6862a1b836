/** Answers of Skiff that are rightly not upstream's, and why. A reason that no case needs any more fails the test. */
export interface Accepted {
  readonly reason: string
  /** `catalogue/case`, where `*` stands for anything. */
  readonly cases: string
  /** What of the answers: the beginning of the difference's place without its step, such as `body.metadata`. All of it unless told. */
  readonly at?: string
}

export const accepted: readonly Accepted[] = [
  {
    reason: 'Token requests are not stored, so nobody is said to own their fields.',
    cases: 'subresources/*',
    at: 'body.metadata.managedFields',
  },
  {
    reason: 'Upstream tries the way first that worked for the administrator last; that of old gives nodes no group.',
    cases: 'identity/an administrator as a node',
    at: 'body.status.userInfo.groups',
  },
  ...['a user, and something else that is done', 'any node'].flatMap((leave) =>
    ['message', 'details'].map((part) => ({
      reason: 'Upstream tells of the way that worked for somebody last, which is another one after other requests.',
      cases: `identity/somebody with leave for ${leave}`,
      at: `body.${part}`,
    })),
  ),
  ...[
    ['a binding, v1', 'body.0.review.request.object.metadata.managedFields'],
    ['an old binding, v1', 'body.0.review.request.object.metadata.managedFields'],
    ['a token, v1', 'body.1.review.request.object'],
  ].map(([name = '', at = '']) => ({
    reason: 'Bindings and token requests are not stored, so nobody owns their fields, and nothing is filled in.',
    cases: `webhooks/told: ${name}`,
    at,
  })),
  ...['"authorizer.x"', '"url(\'x\').y"'].map((expression) => ({
    reason: 'Types without fields have no such field; upstream cannot find the type.',
    cases: `policies/made: expression ${expression}`,
  })),
  {
    reason: 'Redirects of webhooks are not followed: they would lead where the configuration does not say.',
    cases: 'webhooks/answer: status 30*',
  },
  {
    reason: 'The YAML parser has words of its own for what it cannot read.',
    cases: 'bodies/broken YAML',
    at: 'body.message',
  },
  {
    reason: 'The YAML parser has words of its own for what it cannot read.',
    cases: 'bodies/YAML with tabs',
    at: 'body.message',
  },
  {
    reason: 'A path that names no resource is refused as such, not as an error of the server.',
    cases: 'watches/legacy: other verbs',
  },
  {
    reason: 'Rows show metadata as the version that was asked for has it; upstream shows that of its internal form.',
    cases: 'tables/daemonsets',
    at: 'body.rows',
  },
  ...['/flagz', '/statusz', '/debug/pprof'].map((path) => ({
    reason: 'Looks into the program, which is another one here.',
    cases: `discovery/${path}`,
  })),
]

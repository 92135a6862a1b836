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
    reason: 'Requests are not sorted into priority levels, so there is no level to name.',
    cases: '*',
    at: 'headers.x-kubernetes-pf-',
  },
]

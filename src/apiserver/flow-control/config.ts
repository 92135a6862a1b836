/** How many requests are answered at a time, and how long they may take: upstream's flags. */
export interface FlowControlConfig {
  /** --enable-priority-and-fairness */
  readonly priorityAndFairness: boolean
  /** --max-requests-inflight */
  readonly maxRequests: number
  /** --max-mutating-requests-inflight */
  readonly maxMutatingRequests: number
  /** --request-timeout */
  readonly requestTimeoutMs: number
  /** --min-request-timeout: how long a watch lasts that says nothing of it, at least. */
  readonly minRequestTimeoutSeconds: number
  /** --goaway-chance: the part of HTTP/2 requests after which the client is sent away, to come back over another connection. */
  readonly goawayChance: number
}

export const DEFAULT_FLOW_CONTROL: FlowControlConfig = {
  priorityAndFairness: true,
  maxRequests: 400,
  maxMutatingRequests: 200,
  requestTimeoutMs: 60_000,
  minRequestTimeoutSeconds: 1800,
  goawayChance: 0,
}

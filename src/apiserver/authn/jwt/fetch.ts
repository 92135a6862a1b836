/** A GET of an issuer's documents. */
export interface FetchRequest {
  /** https only. */
  readonly url: string
  /** Who may have signed the server's certificate, in PEM; those that the host trusts when absent. */
  readonly ca?: string | undefined
  readonly headers?: Readonly<Record<string, string>>
  readonly signal: AbortSignal
}

export interface FetchAnswer {
  readonly status: number
  readonly statusText: string
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly body: string
}

/** Fetches over the network, bounded in time and size. Rejects when there is no answer. */
export type Fetch = (request: FetchRequest) => Promise<FetchAnswer>

/** For servers without a network of their own. */
export const noFetch: Fetch = ({ url }) => Promise.reject(new Error(`Get ${JSON.stringify(url)}: there is no network`))

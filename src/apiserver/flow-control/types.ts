import type { MaybePromise } from '../../store/store.ts'
import type { ResourceTable } from '../resource-table.ts'
import type { Route } from '../routes/routes.ts'
import type { Call } from '../request/call.ts'

/** That a request was let in, or why not. */
export interface FlowTicket {
  /** Of the FlowSchema and the PriorityLevelConfiguration that the request falls under, for the headers of its answer. */
  readonly schemaUid?: string
  readonly levelUid?: string
  /** The request is turned away, and may come again after so many seconds. */
  readonly retryAfterSeconds?: number | undefined
  /** To be called when all of the answer has been sent, or nobody waits for it any more. More than once does nothing. */
  end(): void
}

/** Decides when a request's turn comes, past authentication and before anything is done for it. */
export interface FlowController {
  /** Called once, before requests come. */
  initialize?(resources: ResourceTable): void
  /** At once when nothing has to be waited for. Undefined for what is not counted at all: connections into pods. Never rejects. */
  admit(call: Call): MaybePromise<FlowTicket | undefined>
  /** Notes that a watch begins; returns what notes its end. */
  watching(call: Call): () => void
  /** Paths that tell of it. */
  routes?(): readonly Route[]
  /** Ends what goes on by itself. */
  stop?(): void
  /** Lines in Prometheus' format. */
  metrics(): Iterable<string>
}

/** The work of one request: seats while it is answered, and seats for some time after. */
export interface Work {
  readonly initialSeats: number
  readonly finalSeats: number
  /** How long the seats stay taken after the answer, which the client does not notice. */
  readonly additionalMs: number
}

export const ONE_SEAT: Work = { initialSeats: 1, finalSeats: 0, additionalMs: 0 }

/** The most seats that the work takes at a time. They are taken all along, as upstream. */
export function mostSeats({ initialSeats, finalSeats }: Work): number {
  return Math.max(initialSeats, finalSeats)
}

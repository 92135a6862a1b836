import type { ContainerEvent } from '../cri/services.ts'

/** Container events for one listener at a time; none are kept for one that isn't there. */
export class EventQueue {
  #queue: ContainerEvent[] | undefined
  #wake = (): void => undefined
  #broken: Error | undefined

  /** Ends listening with an error, and each later attempt to listen, until told otherwise. */
  break(error: Error | undefined): void {
    this.#broken = error
    this.#wake()
  }

  push(event: ContainerEvent): void {
    this.#queue?.push(event)
    this.#wake()
  }

  async *listen(signal: AbortSignal): AsyncIterable<ContainerEvent> {
    const queue: ContainerEvent[] = [{ type: 'connected' }]
    this.#queue = queue
    const abort = (): void => this.#wake()
    signal.addEventListener('abort', abort, { once: true })
    try {
      while (!signal.aborted) {
        if (this.#broken) throw this.#broken
        const event = queue.shift()
        if (event) yield event
        else await new Promise<void>((resolve) => (this.#wake = resolve))
      }
    } finally {
      signal.removeEventListener('abort', abort)
      if (this.#queue === queue) this.#queue = undefined
    }
  }
}

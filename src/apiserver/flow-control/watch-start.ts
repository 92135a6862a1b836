import type { Clock } from '../../lib/clock.ts'
import type { Answer, WatchListener } from '../registry/answer.ts'
import type { Call } from '../request/call.ts'
import type { FlowController, FlowTicket } from './types.ts'

/** Who has not taken by then what was there when the watch began, or has never looked at it, has no seat any more. */
const LONGEST_START_MS = 60_000

/**
 * A watch's turn ends when it has begun: when the objects that are there already have been taken by its client. From its start to its
 * end it counts among the watches that make writes dear.
 */
export function watchedFrom(
  answer: Answer,
  call: Call,
  {
    flow,
    ticket,
    clock,
  }: { readonly flow: FlowController; readonly ticket: FlowTicket | undefined; readonly clock: Clock },
): Answer {
  if (answer.type !== 'watch') {
    // It goes on elsewhere.
    ticket?.end()
    return answer
  }
  const begun = (): void => {
    late?.cancel()
    call.signal.removeEventListener('abort', begun)
    ticket?.end()
  }
  const late = ticket && clock.setTimer(begun, LONGEST_START_MS)
  // Whoever leaves before it starts leaves the turn too.
  call.signal.addEventListener('abort', begun, { once: true })
  return {
    ...answer,
    start(listener) {
      const ended = flow.watching(call)
      const over = (): void => {
        ended()
        begun()
      }
      const stop = answer.start(beginning(listener, begun, over))
      if (!answer.initial) begun()
      return () => {
        stop()
        over()
      }
    },
  }
}

function beginning(listener: WatchListener, begun: () => void, over: () => void): WatchListener {
  const { onInitial, hold, taken } = listener
  return {
    onEvent: (event) => listener.onEvent(event),
    ...(onInitial && { onInitial: (item) => listener.onInitial?.(item) }),
    ...(hold && { hold: () => listener.hold?.() }),
    async taken(last) {
      if (taken) await listener.taken?.(last)
      if (last) begun()
    },
    onEnd() {
      over()
      listener.onEnd()
    },
  }
}

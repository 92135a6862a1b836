/** How a server ends: it says that it is not ready, then that it takes no more, then it goes. */
export class Ending {
  /** Load balancers are told to go elsewhere. */
  begun = false
  /** Requests are told to. */
  refuses = false
}

/** What is answered to the end. */
const EXEMPT = ['/readyz', '/livez', '/healthz', '/metrics']

export const ENDING_MESSAGE = 'The apiserver is shutting down, please try again later.'

/** Whether a request comes too late. */
export function comesTooLate({ refuses }: Ending, path: string): boolean {
  return refuses && !EXEMPT.some((prefix) => path.startsWith(prefix))
}

/** `next` of a value that is there or on its way: at once when it is there, for a turn of the event loop costs more than most steps. */
export function andThen<T, U>(value: T | Promise<T>, next: (value: T) => U | Promise<U>): U | Promise<U> {
  return value instanceof Promise ? value.then(next) : next(value)
}

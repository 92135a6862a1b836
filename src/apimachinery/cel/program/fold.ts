import {
  ArrayList,
  CelError,
  CelList,
  CelMap,
  type CelValue,
  isError,
  ListBuilder,
  MapBuilder,
  typeOf,
} from '../values/values.ts'
import type { TypeKind } from '../check/types.ts'
import type { Eval, Frame } from './frame.ts'

/** A comprehension, planned. Slots are places among a frame's locals. */
export interface Fold {
  readonly range: Eval
  readonly slot: number
  readonly slot2: number | undefined
  readonly accumulator: number
  readonly condition: Eval
  readonly step: Eval
  readonly result: Eval
}

/** Goes over the range until the condition fails; an error in the accumulator does not end it. */
export function foldOf(fold: Fold): Eval {
  return (frame) => {
    const range = fold.range(frame)
    if (isError(range)) return range
    frame.locals[fold.accumulator] = undefined
    if (range instanceof CelList) overList(fold, frame, range)
    else if (range instanceof CelMap) overMap(fold, frame, range)
    else return notIterable(range)
    return finished(fold.result(frame))
  }
}

function overList(fold: Fold, frame: Frame, list: CelList): void {
  for (let i = 0; i < list.size; i++) {
    if (fold.slot2 === undefined) {
      frame.locals[fold.slot] = list.get(i)
    } else {
      frame.locals[fold.slot] = i
      frame.locals[fold.slot2] = list.get(i)
    }
    if (fold.condition(frame) === false) return
    frame.locals[fold.accumulator] = fold.step(frame)
  }
}

function overMap(fold: Fold, frame: Frame, map: CelMap): void {
  for (const key of map.keys()) {
    frame.locals[fold.slot] = key
    if (fold.slot2 !== undefined) frame.locals[fold.slot2] = map.find(key)
    if (fold.condition(frame) === false) return
    frame.locals[fold.accumulator] = fold.step(frame)
  }
}

/** What was built in place does not change any more. */
function finished(value: CelValue): CelValue {
  return value instanceof ListBuilder ? new ArrayList(value.items) : value
}

/** The accumulator's first value: an empty list or map is to be built in place. */
export function initialOf(initial: Eval, constant: CelValue | undefined): Eval {
  if (constant instanceof CelList && constant.size === 0) return () => new ListBuilder()
  if (constant instanceof CelMap && constant.size === 0) return () => new MapBuilder()
  return initial
}

/** A variable that a comprehension accumulates in, made when first asked for. */
export function accumulatorOf(slot: number, initial: Eval): Eval {
  return (frame) => {
    const value = frame.locals[slot]
    if (value !== undefined) return value
    const first = initial(frame)
    frame.locals[slot] = first
    return first
  }
}

/** What upstream calls the types of values that cannot be gone over. */
const GO_TYPES: Readonly<Partial<Record<TypeKind, string>>> = {
  bool: 'Bool',
  bytes: 'Bytes',
  double: 'Double',
  duration: 'Duration',
  int: 'Int',
  null: 'Null',
  string: 'String',
  timestamp: 'Timestamp',
  uint: 'Uint',
}

function notIterable(value: CelValue): CelError {
  const { kind, name } = typeOf(value)
  return new CelError(`got 'types.${GO_TYPES[kind] ?? name}', expected iterable type`)
}

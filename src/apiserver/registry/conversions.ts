import type { Converted } from '../../apimachinery/apply/update.ts'
import { stringifyJson } from '../../apimachinery/codec/json/encode.ts'
import type { Frozen, KubeObject } from '../../apimachinery/meta.ts'
import type { MaybePromise } from '../../store/store.ts'
import { DoAgain } from './do-again.ts'

/** Gives an object in another version of its kind; undefined when there is no such version. */
export type ConvertObject = (object: Frozen<KubeObject>, apiVersion: string) => MaybePromise<Converted | undefined>

/** The same at once, for the work of one request. Throws NeedsConversion. */
export type ConvertNow = (object: Frozen<KubeObject>, apiVersion: string) => Converted | undefined

/** Work that goes on at once met an object whose other form has to be waited for. Wait for `ready`, and do it again. */
export class NeedsConversion extends DoAgain {
  constructor(ready: () => Promise<void>) {
    super(ready, 'an object has to be converted first')
  }
}

/**
 * Conversions as ownership of fields needs them: at once. What takes time is made known by NeedsConversion, and known when the same
 * request asks again.
 */
export class Conversions {
  readonly #convert: ConvertObject
  readonly #known = new WeakMap<object, Map<string, Converted | undefined>>()

  constructor(convert: ConvertObject) {
    this.#convert = convert
  }

  /** For the work of one request. */
  within(request: object): ConvertNow {
    const known = this.#known.get(request) ?? new Map<string, Converted | undefined>()
    this.#known.set(request, known)
    return (object, apiVersion) => {
      const key = `${apiVersion} ${stringifyJson(object)}`
      if (known.has(key)) return known.get(key)
      const converted = this.#convert(object, apiVersion)
      if (!(converted instanceof Promise)) return converted
      throw new NeedsConversion(async () => void known.set(key, await converted))
    }
  }
}

/** Does work that needs conversions, again where one of them had to be waited for. Rejects when one fails. */
export async function whenConverted<T>(work: () => T): Promise<T> {
  for (;;) {
    try {
      return work()
    } catch (error) {
      if (!(error instanceof NeedsConversion)) throw error
      await error.ready()
    }
  }
}

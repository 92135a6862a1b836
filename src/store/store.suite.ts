/**
 * The suite that every Store must pass. A test file of the implementation calls `storeSuite` with a way to open an empty
 * store; everything is checked through the interface alone.
 */
import { describe, test } from 'node:test'
import { VirtualClock } from '../lib/clock.ts'
import { budgetTests } from './suite/budget.suite.ts'
import { expiry } from './suite/expiry.suite.ts'
import { history } from './suite/history.suite.ts'
import { limits } from './suite/limits.suite.ts'
import { modelTests } from './suite/model.suite.ts'
import { order } from './suite/order.suite.ts'
import { reads } from './suite/reads.suite.ts'
import { sinks } from './suite/sinks.suite.ts'
import { UNLIMITED, type Cases, type OpenStore } from './suite/support.suite.ts'
import { watches } from './suite/watches.suite.ts'
import { writes } from './suite/writes.suite.ts'

export type { OpenStore, SuiteOptions } from './suite/support.suite.ts'

/** What a kind of store does besides the contract. */
export interface StoreTraits {
  /** Writes take effect in the order they are asked for, and keys expire at the very moment, by the clock that the store was given. */
  readonly exact?: boolean
  /** Histories that are compared with the model. */
  readonly runs?: number
}

/** Declares the tests, under the implementation's `name`. */
export function storeSuite(name: string, open: OpenStore, { exact = true, runs = 60 }: StoreTraits = {}): void {
  describe(`${name} store`, () => {
    for (const cases of [writes, reads, history, watches, sinks, limits]) declare(cases, open)
    if (exact) for (const cases of [order, expiry]) declare(cases, open)
    budgetTests(open)
    modelTests(open, runs)
  })
}

function declare(cases: Cases, open: OpenStore): void {
  for (const [title, body] of Object.entries(cases)) {
    test(title, async () => {
      const clock = new VirtualClock()
      const store = await open({ clock, history: UNLIMITED })
      try {
        await body(store, clock)
      } finally {
        await store.close()
      }
    })
  }
}

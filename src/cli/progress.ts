import type { Clock, Timer } from '../lib/clock.ts'
import type { Output } from './context.ts'
import { style } from './print.ts'

/** A step that takes longer than this says what it waits for, and again after each further span. */
const PATIENCE_MS = 1000
const REPEAT_MS = 5000

/** Tells a person how a command gets on: one line for each step done, and what a slow one waits for. */
export class Progress {
  readonly #clock: Clock
  readonly #output: Output
  readonly #startMs: number

  constructor(clock: Clock, output: Output) {
    this.#clock = clock
    this.#output = output
    this.#startMs = clock.monotonic()
  }

  /**
   * Runs a step. Its line names it and says what `run` resolves to, with the time since the command began. While it runs,
   * `note` tells what it waits for.
   */
  async step(name: string, run: (note: (text: string) => void) => Promise<string>): Promise<void> {
    let waitingFor = ''
    let timer: Timer | undefined
    const remind = (): void => {
      if (waitingFor) this.#output.write(style(this.#output, 'dim', `  ${pad(name)}${waitingFor} ...\n`))
      timer = this.#clock.setTimer(remind, REPEAT_MS)
    }
    timer = this.#clock.setTimer(remind, PATIENCE_MS)
    try {
      this.done(name, await run((text) => (waitingFor = text)))
    } finally {
      timer.cancel()
    }
  }

  /** A step that is done. */
  done(name: string, result: string): void {
    const seconds = ((this.#clock.monotonic() - this.#startMs) / 1000).toFixed(1)
    this.#output.write(`  ${style(this.#output, 'bold', pad(name))}${result.padEnd(58)} ${seconds.padStart(6)}s\n`)
  }

  /** Something to know. */
  note(text: string): void {
    this.#output.write(`  ${text}\n`)
  }
}

function pad(name: string): string {
  return name.padEnd(12)
}

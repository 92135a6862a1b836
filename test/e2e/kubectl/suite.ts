import { before, describe } from 'node:test'
import type { TestCluster } from '../cluster.ts'
import type { Bench } from './objects.ts'
import type { KubectlProgram } from './program.ts'

type Cases = (bench: () => Bench) => void

export interface SuiteOptions {
  readonly cluster: TestCluster
  readonly program: KubectlProgram
  /** The image of pods that the cases start. */
  readonly image: string
  /** How many cases run side by side. */
  readonly concurrency: number
}

/** Runs cases with one kubectl in a namespace of their own. */
export function kubectlSuite(
  name: string,
  { cluster, program, image, concurrency }: SuiteOptions,
  ...cases: Cases[]
): void {
  describe(`kubectl ${program.version}: ${name}`, { concurrency }, () => {
    let bench: Bench | undefined
    before(async () => {
      const kubectl = await cluster.kubectl(program, `${name}-${program.version.replace('.', '-')}`)
      bench = { kubectl, folder: cluster.place.folder, image }
    })
    const given = (): Bench => {
      if (bench === undefined) throw new Error('there is no namespace to work in')
      return bench
    }
    for (const register of cases) register(given)
  })
}

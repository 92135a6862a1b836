import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { writeFileAtomic } from '../files.ts'

/** The authorities of a cluster, by their files in its pki folder. */
export const AUTHORITIES = ['ca', 'front-proxy-ca'] as const

/** How far an authority is exchanged: not at all; the next one is made; both are trusted and the old one signs; both are trusted and the new one signs. */
export type RotationStage = 'none' | 'begun' | 'trusted' | 'signing'

/** How far authorities are to be exchanged. */
export type RotationGoal = 'trusted' | 'signing' | 'finished'

const GOALS: readonly string[] = ['trusted', 'signing', 'finished']
const FILE = 'rotation'

/** The certificates of a PEM text, each as it stands there. */
export function pemBlocks(pem: string): string[] {
  return pem.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? []
}

/** How far the authority `name` is exchanged. What stands in its files says so, and nothing else: whoever is cut off goes on from there. */
export function rotationStage(folder: string, name: string): RotationStage {
  const [next] = blocksOf(folder, `${name}-next`)
  const blocks = blocksOf(folder, name)
  if (next === undefined) return blocks.length > 1 ? 'signing' : 'none'
  if (blocks[0] === next) return 'signing'
  return blocks.includes(next) ? 'trusted' : 'begun'
}

/** The certificates of a file of the folder; none when it is not there. */
export function blocksOf(folder: string, name: string): string[] {
  const file = join(folder, `${name}.crt`)
  return existsSync(file) ? pemBlocks(readFileSync(file, 'utf8')) : []
}

/** Asks the server to exchange the authorities so far; one that does not run does at its next start. */
export function requestRotation(folder: string, goal: RotationGoal): void {
  writeFileAtomic(join(folder, FILE), `${goal}\n`, { mode: 0o600 })
}

/** What is asked for; undefined when nothing is. */
export function requestedRotation(folder: string): RotationGoal | undefined {
  const file = join(folder, FILE)
  if (!existsSync(file)) return undefined
  const text = readFileSync(file, 'utf8').trim()
  return GOALS.includes(text) ? (text as RotationGoal) : undefined
}

/** Takes a request back that was carried out; another one that has come meanwhile stays. */
export function endRotation(folder: string, goal: RotationGoal): void {
  if (requestedRotation(folder) === goal) rmSync(join(folder, FILE), { force: true })
}

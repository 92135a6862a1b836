import { X509Certificate } from 'node:crypto'
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import {
  AUTHORITIES,
  blocksOf,
  endRotation,
  requestedRotation,
  type RotationGoal,
  rotationStage,
} from '../../host/cluster/authorities.ts'
import { writeFileAtomic } from '../../host/files.ts'
import type { Env } from '../../lib/env.ts'
import type { KeyPair } from './certificates.ts'

export interface AuthorityRotationOptions {
  /** Where the authorities' files lie. */
  readonly folder: string
  readonly env: Env
}

/**
 * Exchanges the cluster's authorities as far as is asked for. Each step is one file that is replaced, and what comes next is read from the files: whoever is
 * cut off between two of them goes on at the next start, and no state in between keeps a server from starting.
 *
 * 1. `ca-next` is made; 2. it comes behind the old one in `ca.crt`: both are trusted, the old one signs; 3. `ca-cross.crt` is made, the new one signed by the old: shown
 * with what serves, it leads those who only know the old one to the new one; 4. the order in `ca.crt` changes: the new one signs, with `ca-next.key`; 5. that becomes `ca.key`;
 * 6. the old one leaves `ca.crt`.
 */
export async function rotateAuthorities({ folder, env }: AuthorityRotationOptions): Promise<void> {
  const goal = requestedRotation(folder)
  if (!goal) return
  for (const name of AUTHORITIES) await rotate({ folder, env, name }, goal)
  endRotation(folder, goal)
}

interface Place extends AuthorityRotationOptions {
  readonly name: string
}

async function rotate(place: Place, goal: RotationGoal): Promise<void> {
  const { folder, env, name } = place
  const before = rotationStage(folder, name)
  if (goal === 'finished') {
    if (before === 'signing') finish(place)
    // Whoever was cut off in the midst of it left this.
    if (before === 'none') rmSync(crossFile(place), { force: true })
    return
  }
  if (before === 'none' || before === 'begun') await trustNext(place)
  if (goal === 'signing' && rotationStage(folder, name) === 'trusted') await signWithNext(place)
  if (rotationStage(folder, name) === 'signing') tidy(place)
  const after = rotationStage(folder, name)
  if (after !== before) env.log.info('an authority is exchanged', { authority: name, stage: after })
}

const library = () => import('./certificates.ts')

/** Steps 1 and 2. */
async function trustNext({ folder, env, name }: Place): Promise<void> {
  const blocks = blocksOf(folder, name)
  if (blocks.length === 0) return
  const { makeAuthority, serialNumber } = await library()
  if (!existsSync(join(folder, `${name}-next.crt`))) {
    // Two of one name would be taken for each other.
    const subject = `CN=${name === 'ca' ? 'kubernetes' : name}-${serialNumber(env.random).slice(0, 8)}`
    const next = await makeAuthority(env, subject)
    write(folder, `${name}-next.key`, next.key)
    write(folder, `${name}-next.crt`, next.cert)
  }
  write(folder, `${name}.crt`, bundle([...blocks, ...blocksOf(folder, `${name}-next`)]))
}

/** Steps 3 and 4. */
async function signWithNext({ folder, env, name }: Place): Promise<void> {
  const { crossSigned } = await library()
  const [next = '', old] = [blocksOf(folder, `${name}-next`)[0], blocksOf(folder, name)]
  const authority = { cert: old[0] ?? '', key: read(folder, `${name}.key`) }
  if (name === 'ca') write(folder, `${name}-cross.crt`, await crossSigned(env, authority, next))
  write(folder, `${name}.crt`, bundle([next, ...old.filter((one) => one !== next)]))
}

/** Step 5. */
function tidy({ folder, name }: Place): void {
  const [certificate, key] = [join(folder, `${name}-next.crt`), join(folder, `${name}-next.key`)]
  if (existsSync(certificate) && existsSync(key)) write(folder, `${name}.key`, readFileSync(key, 'utf8'))
  rmSync(key, { force: true })
  rmSync(certificate, { force: true })
}

/** Step 6. */
function finish(place: Place): void {
  const { folder, name, env } = place
  tidy(place)
  write(folder, `${name}.crt`, bundle(blocksOf(folder, name).slice(0, 1)))
  rmSync(crossFile(place), { force: true })
  env.log.info('an authority is exchanged, and the old one is trusted no more', { authority: name })
}

const crossFile = ({ folder, name }: Place): string => join(folder, `${name}-cross.crt`)

/** The pair that signs. Between two steps its key is still called that of the next one. */
export function signingPair(folder: string, name: string, pair: KeyPair): KeyPair {
  const next = join(folder, `${name}-next.key`)
  const [first] = blocksOf(folder, name)
  if (first === undefined || !existsSync(next) || first !== blocksOf(folder, `${name}-next`)[0]) return pair
  return { cert: pair.cert, key: readFileSync(next, 'utf8') }
}

/** What a server shows behind its certificate, so that those who only know the old authority trust it; nothing when none is exchanged. */
export function crossCertificate(folder: string, ca: KeyPair): string {
  const [cross] = blocksOf(folder, 'ca-cross')
  if (cross === undefined) return ''
  const [certificate, authority] = [new X509Certificate(cross), new X509Certificate(ca.cert)]
  return certificate.publicKey.equals(authority.publicKey) ? `${cross}\n` : ''
}

const bundle = (blocks: readonly string[]): string => `${[...new Set(blocks)].join('\n')}\n`
const read = (folder: string, file: string): string => readFileSync(join(folder, file), 'utf8')

function write(folder: string, file: string, text: string): void {
  writeFileAtomic(join(folder, file), text, { mode: file.endsWith('.key') ? 0o600 : 0o644 })
}

/**
 * node test/differential/kinds/record.ts --oracle https://127.0.0.1:6443 [--update] [--only BASE] [--every N]
 *
 * Asks a real kube-apiserver about every mutation of every base, or about one of N: what it says to the base created so, or to one that is there
 * and updated so. Of those answers that say the same of the same field one is kept. What Skiff
 * answers otherwise is printed, and not kept.
 */
import { isDeepStrictEqual, parseArgs } from 'node:util'
import { builtInResources } from '../../../src/api/index.ts'
import { apiVersionOf } from '../../../src/apimachinery/meta.ts'
import { leave, send, target } from '../target.ts'
import { given } from './given.ts'
import { mutations } from './mutations.ts'
import { type Ask, makeLive } from './live.ts'
import { mutated, type Mutation } from './pointer.ts'
import {
  type Base,
  type Case,
  type Outcome,
  type Write,
  outcomeOf,
  readBases,
  readCases,
  writeCases,
} from './recorded.ts'
import { startSkiff } from './skiff.ts'

const { values } = parseArgs({
  options: {
    oracle: { type: 'string' },
    only: { type: 'string' },
    every: { type: 'string' },
    update: { type: 'boolean' },
  },
})
const every = Number(values.every ?? 1)
const write: Write = values.update ? 'update' : 'create'
const oracle = await target(values.oracle ?? 'https://127.0.0.1:6443')
const skiff = await startSkiff()
for (const [path, body] of given) await ask('POST', path, body)
const kept: Case[] = readCases(write).filter(({ base }) => values.only !== undefined && base !== values.only)
for (const [name, base] of Object.entries(readBases())) {
  if (values.only === undefined || values.only === name) kept.push(...(await recordBase(name, base)))
}
writeCases(write, kept)
say(`${kept.length} answers`)
await skiff.stop()
leave(oracle)

async function recordBase(name: string, base: Base): Promise<Case[]> {
  const { apiVersion, kind } = base.object
  const definition = builtInResources.find((one) => one.kind === kind && apiVersionOf(one) === apiVersion)
  if (!definition) throw new Error(`${name} is of no kind`)
  const both = write === 'update' ? await living(base) : created(base)
  if (!both) return []
  const cases: Case[] = []
  const seen = new Set<string>()
  let differ = 0
  for (const [index, mutation] of [...mutations(definition.schema, base.object)].entries()) {
    if (index % every !== 0) continue
    const outcome = await both.asked(mutation)
    const signature = outcome.texts.map((text) => text.replaceAll(/"(?:[^"\\]|\\.)*"|\d+/g, '_')).join('\n')
    if (outcome.texts.length === 0 || isFleeting(outcome) || seen.has(signature)) continue
    if (isDeepStrictEqual(await both.skiff(mutation), outcome)) {
      seen.add(signature)
      cases.push({ base: name, mutation, outcome })
    } else if (differ++ < 10) say(`${name} ${JSON.stringify(mutation)}: ${outcome.code} ${outcome.texts.join('; ')}`)
  }
  await both.done()
  say(`${name}: ${cases.length} kept, ${differ} differ`)
  return cases
}

function say(text: string): void {
  process.stdout.write(`${text}\n`)
}

/** Both servers, to be asked the same. */
interface Both {
  asked(mutation: Mutation): Promise<Outcome>
  skiff(mutation: Mutation): Promise<Outcome>
  done(): Promise<void>
}

/** Upstream panics now and then, and says nothing. */
function orNothing(asked: Promise<Outcome>): Promise<Outcome> {
  return asked.catch(() => ({ code: 0, texts: [] }))
}

function created(base: Base): Both {
  const post = async (body: unknown): Promise<Outcome> => (await ask('POST', `${base.path}?dryRun=All`, body)).outcome
  return {
    asked: (mutation) => orNothing(post(mutated(base.object, mutation))),
    skiff: (mutation) => skiff.answer(base, mutation),
    done: () => Promise.resolve(),
  }
}

async function living(base: Base): Promise<Both | undefined> {
  const [theirs, ours] = [await makeLive(ask, base), await skiff.live(base)]
  if (!theirs || !ours) return undefined
  return {
    asked: (mutation) => orNothing(theirs.put(mutation)),
    skiff: (mutation) => ours.put(mutation),
    async done() {
      await theirs.remove()
      await ours.remove()
    },
  }
}

/** Whether an answer says what another one would not: a name or time it made up. */
function isFleeting({ texts }: Outcome): boolean {
  return texts.some((text) => /[0-9a-f]{8}-[0-9a-f]{4}-|kube-api-access/.test(text))
}

async function ask(...[method, path, sent]: Parameters<Ask>): ReturnType<Ask> {
  const type = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json'
  const headers = { authorization: `Bearer ${oracle.tokens.admin}`, 'content-type': type }
  const body = sent === undefined ? undefined : Buffer.from(JSON.stringify(sent))
  const reply = await send(oracle, { method, path, headers, body })
  const answer: unknown = JSON.parse(reply.body.toString())
  return { outcome: outcomeOf(reply.status, answer, reply.headers['warning']), body: answer }
}

/**
 * node test/differential/kinds/record.ts --oracle https://127.0.0.1:6443 [--only BASE] [--every N]
 *
 * Asks a real kube-apiserver about every mutation of every base, or about one of N. Of those answers that say the same of the same field one is kept. What Skiff
 * answers otherwise is printed, and not kept.
 */
import { isDeepStrictEqual, parseArgs } from 'node:util'
import { builtInResources } from '../../../src/api/index.ts'
import { apiVersionOf } from '../../../src/apimachinery/meta.ts'
import { send, type Target, target } from '../target.ts'
import { given } from './given.ts'
import { mutations } from './mutations.ts'
import { mutated, type Mutation } from './pointer.ts'
import { type Base, type Case, type Outcome, outcomeOf, readBases, readCases, writeCases } from './recorded.ts'
import { startSkiff } from './skiff.ts'

const { values } = parseArgs({
  options: { oracle: { type: 'string' }, only: { type: 'string' }, every: { type: 'string' } },
})
const every = Number(values.every ?? 1)
const oracle = target(values.oracle ?? 'https://127.0.0.1:6443')
const skiff = await startSkiff()
for (const [path, body] of given) await post(oracle, path, body)
const kept: Case[] = readCases().filter(({ base }) => values.only !== undefined && base !== values.only)
for (const [name, base] of Object.entries(readBases())) {
  if (values.only === undefined || values.only === name) kept.push(...(await recordBase(name, base)))
}
writeCases(kept)
say(`${kept.length} answers`)
await skiff.stop()
oracle.agent.destroy()

async function recordBase(name: string, base: Base): Promise<Case[]> {
  const { apiVersion, kind } = base.object
  const definition = builtInResources.find((one) => one.kind === kind && apiVersionOf(one) === apiVersion)
  if (!definition) throw new Error(`${name} is of no kind`)
  const cases: Case[] = []
  const seen = new Set<string>()
  let differ = 0
  for (const [index, mutation] of [...mutations(definition.schema, base.object)].entries()) {
    if (index % every !== 0) continue
    const outcome = await asked(base, mutation)
    const signature = outcome.texts.map((text) => text.replaceAll(/"(?:[^"\\]|\\.)*"|\d+/g, '_')).join('\n')
    if (outcome.texts.length === 0 || isFleeting(outcome) || seen.has(signature)) continue
    if (isDeepStrictEqual(await skiff.answer(base, mutation), outcome)) {
      seen.add(signature)
      cases.push({ base: name, mutation, outcome })
    } else if (differ++ < 10) say(`${name} ${JSON.stringify(mutation)}: ${outcome.code} ${outcome.texts.join('; ')}`)
  }
  say(`${name}: ${cases.length} kept, ${differ} differ`)
  return cases
}

function say(text: string): void {
  process.stdout.write(`${text}\n`)
}

/** Upstream panics now and then, and says nothing. */
async function asked(base: Base, mutation: Mutation): Promise<Outcome> {
  try {
    return await post(oracle, `${base.path}?dryRun=All`, mutated(base.object, mutation))
  } catch {
    return { code: 0, texts: [] }
  }
}

/** Whether an answer says what another one would not: a name or time it made up. */
function isFleeting({ texts }: Outcome): boolean {
  return texts.some((text) => /[0-9a-f]{8}-[0-9a-f]{4}-|kube-api-access/.test(text))
}

async function post(to: Target, path: string, body: unknown): Promise<Outcome> {
  const headers = { authorization: `Bearer ${to.tokens.admin}`, 'content-type': 'application/json' }
  const reply = await send(to, { method: 'POST', path, headers, body: Buffer.from(JSON.stringify(body)) })
  return outcomeOf(reply.status, JSON.parse(reply.body.toString()), reply.headers['warning'])
}

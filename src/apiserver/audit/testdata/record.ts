/**
 * Sends the catalogue to a kube-apiserver that writes an audit log, and writes down what that says:
 * `node record.ts https://127.0.0.1:6443 audit.log upstream.jsonl`. Its policy tells everything at RequestResponse; its token file has
 * `admintoken,admin,1,system:masters` and `alicetoken,alice,2,dev`.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { CATALOGUE } from './catalogue.ts'
import { normalise } from './normalise.ts'
import { auditIdOf, send } from './send.ts'

const [base = '', log = '', to = ''] = process.argv.slice(2)
const codes: number[] = []
for (const [index, request] of CATALOGUE.entries()) codes.push(await send(base, request, index))
const events = readFileSync(log, 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as Record<string, unknown>)
const known = CATALOGUE.map((request, index) => ({
  request: `${request.method} ${request.path}`,
  code: codes[index],
  events: events.filter(({ auditID }) => auditID === auditIdOf(index)).map(normalise),
}))
writeFileSync(to, `${known.map((one) => JSON.stringify(one)).join('\n')}\n`)

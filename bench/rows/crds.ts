import { setTimeout as sleep } from 'node:timers/promises'
import { must, send, type Target } from '../target.ts'
import type { Row } from './row.ts'

const CRDS = 100
const GROUP = 'bench.example.com'
const LIMIT_MS = 120_000

/** From the first definition's creation until the last is in discovery and in OpenAPI. */
export const definitionsRow: Row = {
  name: `${CRDS} CRDs published`,
  unit: 's',
  higherIsBetter: false,
  async measure(target) {
    const started = performance.now()
    let next = 0
    const worker = async (): Promise<void> => {
      for (let i = next++; i < CRDS; i = next++) {
        await must(target, 'POST', '/apis/apiextensions.k8s.io/v1/customresourcedefinitions', definitionOf(i))
      }
    }
    await Promise.all(Array.from({ length: 8 }, worker))
    await until(target, started, `/apis/${GROUP}/v1`, (text) => count(text, /"kind":\s*"Thing\d+"/g))
    await until(target, started, `/openapi/v3/apis/${GROUP}/v1`, (text) =>
      count(text, /"com\.example\.bench\.v1\.Thing\d+"/g),
    )
    return (performance.now() - started) / 1000
  },
}

async function until(target: Target, started: number, path: string, found: (text: string) => number): Promise<void> {
  for (let have = 0; have < CRDS;) {
    if (performance.now() - started > LIMIT_MS) throw new Error(`${path} still has only ${have} of ${CRDS}`)
    const { status, body } = await send(target, 'GET', path)
    have = status === 200 ? found(body) : 0
    if (have < CRDS) await sleep(20)
  }
}

/** How many different texts match. */
function count(text: string, pattern: RegExp): number {
  return new Set(text.match(pattern)).size
}

function definitionOf(i: number): unknown {
  const plural = `thing${i}s`
  const text = { type: 'string' }
  const spec = {
    type: 'object',
    properties: { name: text, size: { type: 'integer', minimum: 0 }, tags: { type: 'array', items: text } },
  }
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${GROUP}` },
    spec: {
      group: GROUP,
      names: { plural, singular: `thing${i}`, kind: `Thing${i}`, listKind: `Thing${i}List` },
      scope: 'Namespaced',
      versions: [
        {
          name: 'v1',
          served: true,
          storage: true,
          schema: { openAPIV3Schema: { type: 'object', properties: { spec } } },
        },
      ],
    },
  }
}

import type { HeapProfiler, Profiler, Runtime } from 'node:inspector'
import protobuf from 'protobufjs'

/** The part of pprof's profile.proto that is written. */
const Profile = protobuf.Root.fromJSON({
  nested: {
    ValueType: { fields: { type: { id: 1, type: 'int64' }, unit: { id: 2, type: 'int64' } } },
    Sample: {
      fields: {
        locationId: { id: 1, type: 'uint64', rule: 'repeated' },
        value: { id: 2, type: 'int64', rule: 'repeated' },
      },
    },
    Line: { fields: { functionId: { id: 1, type: 'uint64' }, line: { id: 2, type: 'int64' } } },
    Location: { fields: { id: { id: 1, type: 'uint64' }, line: { id: 4, type: 'Line', rule: 'repeated' } } },
    Function: {
      fields: {
        id: { id: 1, type: 'uint64' },
        name: { id: 2, type: 'int64' },
        filename: { id: 4, type: 'int64' },
        startLine: { id: 5, type: 'int64' },
      },
    },
    Profile: {
      fields: {
        sampleType: { id: 1, type: 'ValueType', rule: 'repeated' },
        sample: { id: 2, type: 'Sample', rule: 'repeated' },
        location: { id: 4, type: 'Location', rule: 'repeated' },
        function: { id: 5, type: 'Function', rule: 'repeated' },
        stringTable: { id: 6, type: 'string', rule: 'repeated' },
        durationNanos: { id: 10, type: 'int64' },
        periodType: { id: 11, type: 'ValueType' },
        period: { id: 12, type: 'int64' },
      },
    },
  },
}).lookupType('Profile')

/** A node of a call tree, however V8 gives it. */
interface Node {
  readonly callFrame: Runtime.CallFrame
  readonly children: readonly Node[]
  /** What was sampled in it and not below it; of each kind of sample one. */
  readonly values: readonly number[]
}

type Unit = readonly [type: string, unit: string]

/** V8's CPU profile as pprof's. */
export function cpuProfile({ nodes, samples = [], timeDeltas = [], startTime, endTime }: Profiler.Profile): Uint8Array {
  const micros = new Map<number, number>()
  const counts = new Map<number, number>()
  for (const [index, id] of samples.entries()) {
    micros.set(id, (micros.get(id) ?? 0) + Math.max(0, timeDeltas[index] ?? 0))
    counts.set(id, (counts.get(id) ?? 0) + 1)
  }
  const byId = new Map(nodes.map((node) => [node.id, node]))
  const tree = (node: Profiler.ProfileNode): Node => ({
    callFrame: node.callFrame,
    values:
      node.callFrame.functionName === '(idle)'
        ? [0, 0]
        : [counts.get(node.id) ?? 0, Math.round((micros.get(node.id) ?? 0) * 1000)],
    children: (node.children ?? []).flatMap((id) => {
      const child = byId.get(id)
      return child ? [tree(child)] : []
    }),
  })
  const [root] = nodes
  const micro = samples.length > 0 ? (endTime - startTime) / samples.length : 1000
  return encode(root && tree(root), {
    units: [
      ['samples', 'count'],
      ['cpu', 'nanoseconds'],
    ],
    period: Math.round(micro * 1000),
    durationNanos: Math.round((endTime - startTime) * 1000),
  })
}

/** V8's sampled heap as pprof's. */
export function heapProfile({ head }: HeapProfiler.SamplingHeapProfile): Uint8Array {
  const tree = (node: HeapProfiler.SamplingHeapProfileNode): Node => ({
    callFrame: node.callFrame,
    values: [node.selfSize],
    children: node.children.map(tree),
  })
  return encode(tree(head), {
    units: [['inuse_space', 'bytes']],
    period: 1,
  })
}

interface Kind {
  readonly units: readonly Unit[]
  readonly period: number
  readonly durationNanos?: number
}

function encode(root: Node | undefined, { units, period, durationNanos }: Kind): Uint8Array {
  const strings = new Interned([''])
  const functions = new Map<string, { id: number; name: number; filename: number; startLine: number }>()
  const locations: { id: number; line: { functionId: number; line: number }[] }[] = []
  const sample: { locationId: readonly number[]; value: readonly number[] }[] = []
  const locationOf = ({ functionName, url, lineNumber }: Runtime.CallFrame): number => {
    const key = `${functionName} ${url} ${lineNumber}`
    const known = functions.get(key)
    if (known) return known.id
    const id = functions.size + 1
    const line = lineNumber + 1
    const name = strings.of(functionName === '' ? '(anonymous)' : functionName)
    functions.set(key, { id, name, filename: strings.of(url), startLine: line })
    locations.push({ id, line: [{ functionId: id, line }] })
    return id
  }
  const walk = (node: Node, above: readonly number[]): void => {
    // The root is not a function of anybody.
    const stack = node === root ? above : [locationOf(node.callFrame), ...above]
    if (node.values.some((value) => value > 0)) sample.push({ locationId: stack, value: node.values })
    for (const child of node.children) walk(child, stack)
  }
  if (root) walk(root, [])
  const sampleType = units.map(([type, unit]) => ({ type: strings.of(type), unit: strings.of(unit) }))
  const message = {
    sampleType,
    sample,
    location: locations,
    function: [...functions.values()],
    periodType: sampleType.at(-1),
    period,
    durationNanos,
    stringTable: strings.all,
  }
  return Profile.encode(Profile.fromObject(message)).finish()
}

/** Texts by their place in a table. */
class Interned {
  readonly all: string[]
  readonly #places = new Map<string, number>()

  constructor(first: readonly string[]) {
    this.all = []
    for (const text of first) this.of(text)
  }

  of(text: string): number {
    const known = this.#places.get(text)
    if (known !== undefined) return known
    this.#places.set(text, this.all.length)
    return this.all.push(text) - 1
  }
}

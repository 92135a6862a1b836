import { encodeYaml } from '../../../src/apimachinery/codec/yaml/yaml.ts'
import { mutated } from '../../fuzz/bytes.ts'
import type { Chance } from '../../fuzz/chance.ts'
import { type Case, type Step } from '../case.ts'
import type { Base } from '../kinds/recorded.ts'
import { anyBase, isNamespaced } from './bases.ts'
import { mutate, textOf } from './mutate.ts'
import { anyAccept, anyQuery } from './wishes.ts'

const WRITE_QUERY = ['fieldManager', 'fieldValidation', 'dryRun', 'pretty', 'timeout']

/** The body as JSON, YAML, or not quite either. */
function bodyOf(object: unknown, chance: Chance): { body: string | Uint8Array; type: string } {
  const text = textOf(object)
  if (chance.is(0.12) && !text.includes('$'))
    return { body: mutated(Buffer.from(text), chance), type: chance.pick(['application/json', 'application/yaml']) }
  if (chance.is(0.15))
    return { body: chance.is(0.5) ? text : encodeYaml(JSON.parse(JSON.stringify(object))), type: 'application/yaml' }
  return { body: text, type: 'application/json' }
}

function write(method: string, base: Base, path: string, object: unknown, chance: Chance): Step {
  const { body, type } = bodyOf(object, chance)
  const query = anyQuery(chance, 2, WRITE_QUERY)
  const safe = isNamespaced(base) ? query : `${query === '' ? '?' : `${query}&`}dryRun=All`
  return {
    method,
    path: `${path}${safe}`,
    body,
    headers: { 'content-type': type, ...(chance.is(0.08) && { accept: anyAccept(chance) }) },
  }
}

/** An object of some kind, changed at a few places, created; put over what is there; deleted. */
export function objects(chance: Chance): Case {
  const base = anyBase(chance)
  const { path, object } = base
  const own = `${path}/${object.metadata.name}`
  const steps: Step[] = [
    write('POST', base, path, mutate(object, chance), chance),
    write('POST', base, path, mutate(object, chance), chance),
  ]
  if (isNamespaced(base)) {
    // It may stand already, or not be allowed here: that is the same on both sides.
    steps.push({ method: 'POST', path, body: object })
    steps.push(
      write('PUT', base, own, mutate(object, chance, 1), chance),
      write('PUT', base, own, mutate(object, chance), chance),
    )
    steps.push({ method: 'GET', path: own, headers: { accept: anyAccept(chance) } })
    steps.push({
      method: 'DELETE',
      path: `${own}${anyQuery(chance, 2, ['gracePeriodSeconds', 'propagationPolicy', 'orphanDependents', 'dryRun', 'pretty'])}`,
      ...(chance.is(0.6) && { body: textOf(mutate(DELETION, chance)) }),
    })
  }
  return { name: `objects: ${object.apiVersion} ${object.kind}`, steps }
}

const DELETION = {
  kind: 'DeleteOptions',
  apiVersion: 'v1',
  gracePeriodSeconds: 1,
  propagationPolicy: 'Background',
  preconditions: { resourceVersion: '1', uid: 'x' },
  dryRun: ['All'],
}

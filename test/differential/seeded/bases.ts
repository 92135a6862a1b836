import type { Chance } from '../../fuzz/chance.ts'
import { type Base, readBases } from '../kinds/recorded.ts'
import { configMap, deployment, pod } from '../things.ts'

/** Valid objects of every kind, where the case's namespace is theirs. */
export const bases: readonly Base[] = Object.values(readBases()).map(({ path, object }) => ({
  path: path.replace('/namespaces/default/', '/namespaces/$ns/'),
  object: JSON.parse(JSON.stringify(object).replaceAll('"namespace":"default"', '"namespace":"$ns"')) as Base['object'],
}))

export const isNamespaced = ({ path }: Base): boolean => path.includes('$ns')

/** Few kinds are most of what clients send. */
const FREQUENT: readonly Base[] = [
  ['/api/v1/namespaces/$ns/configmaps', configMap('base')],
  ['/api/v1/namespaces/$ns/pods', pod('base')],
  ['/apis/apps/v1/namespaces/$ns/deployments', deployment('base')],
].map(([path, object]) => ({ path, object }) as Base)

export const anyBase = (chance: Chance): Base => chance.pick(chance.is(0.25) ? FREQUENT : bases)

import { builtInSchemas } from '../../api/schema-for.ts'
import type { StructSchema } from '../../apimachinery/schema.ts'
import type { ServedResource } from '../registry/served.ts'

const META = 'io.k8s.apimachinery.pkg.apis.meta.v1'
/** Kinds of metav1 that call themselves `v1`, as if they were of the core group. */
const META_KINDS: ReadonlySet<string> = new Set([
  'APIGroup',
  'APIGroupList',
  'APIResourceList',
  'APIVersions',
  'DeleteOptions',
  'Status',
])

/** The shape of a built-in kind that is no resource of its own, such as a Status or a Scale; undefined when there is none. */
export function modelOf(apiVersion: string, kind: string): StructSchema | undefined {
  const [group, version] = apiVersion.includes('/') ? apiVersion.split('/') : ['', apiVersion]
  if (group === 'meta.k8s.io' || (group === '' && META_KINDS.has(kind))) return builtInSchemas.find(`${META}.${kind}`)
  const short = group === '' ? 'core' : (group?.split('.')[0] ?? '')
  return builtInSchemas.find(`io.k8s.api.${short}.${version}.${kind}`)
}

/** The shape of a resource's lists. */
export function listModel({ definition }: ServedResource): StructSchema | undefined {
  const { schema, kind, listKind } = definition
  return builtInSchemas.find(schema.name.slice(0, -kind.length) + listKind)
}

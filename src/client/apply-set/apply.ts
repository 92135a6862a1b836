import { semanticEqual } from '../../apimachinery/equality.ts'
import { builtInResources } from '../../api/index.ts'
import type { ResourceDefinition } from '../../apimachinery/resource.ts'
import { apiVersionOf, type Frozen, type KubeObject } from '../../apimachinery/meta.ts'
import { hasReason } from '../../apimachinery/status.ts'
import type { Client } from '../client.ts'
import { dynamicResource } from '../dynamic.ts'
import type { Transport } from '../transport.ts'
import type { AppliedObject, Inventory } from './inventory.ts'
import { describe, identityOf, leftOver } from './inventory.ts'
import type { Manifest } from './parse.ts'

/** What applying came to. */
export interface ApplyResult {
  readonly applied: number
  readonly removed: number
  /** One line for each object that could not be applied or removed. */
  readonly problems: readonly string[]
}

export interface ApplyOptions {
  readonly client: Client
  /** The client's, for discovery. */
  readonly transport: Transport
  readonly objects: readonly Manifest[]
  /** What keeps the inventory of this set. */
  readonly inventory: Inventory
  /** Whether what is left over may go: not while a file that may hold it cannot be read. */
  readonly prune: boolean
}

/** Others live in the first of these and are instances of the second. */
const FIRST_KINDS = ['Namespace', 'CustomResourceDefinition']

/** Applies objects and removes those of the inventory that are not among them any more. */
export async function applyManifests(options: ApplyOptions): Promise<ApplyResult> {
  const { inventory } = options
  const before = await inventory.read()
  const problems: string[] = []
  const applied = await applyAll(options, before, problems)
  const over = leftOver(before, applied)
  // Before anything is removed: what is not in the inventory is never removed, what is in it twice does no harm.
  const first = [...applied, ...over]
  if (!semanticEqual(first, before)) await inventory.write(first)
  const stuck = options.prune ? await removeAll(options, over, problems) : over
  if (stuck.length < over.length) await inventory.write([...applied, ...stuck])
  return { applied: applied.length, removed: over.length - stuck.length, problems }
}

/** Applies each object; what failed but stood before counts as applied, for it is still asked for. */
async function applyAll(
  { client, objects }: ApplyOptions,
  before: readonly AppliedObject[],
  problems: string[],
): Promise<AppliedObject[]> {
  const standing = new Map(before.map((object) => [identityOf(object), object]))
  const applied: AppliedObject[] = []
  for (const object of inOrder(objects)) {
    try {
      applied.push(await applyOne(client, object))
    } catch (error) {
      problems.push(`${object.kind} ${object.metadata.name}: ${textOf(error)}`)
      const names = [describe(object, true), describe(object, false)]
      applied.push(...names.flatMap((name) => standing.get(identityOf(name)) ?? []))
    }
  }
  return applied
}

/** Removes objects, the last applied first. Resolves to those that could not be removed. */
async function removeAll(
  { client, transport }: ApplyOptions,
  objects: readonly AppliedObject[],
  problems: string[],
): Promise<AppliedObject[]> {
  const stuck: AppliedObject[] = []
  for (const object of objects.toReversed()) {
    try {
      await removeOne(client, transport, object)
    } catch (error) {
      problems.push(`${object.kind} ${object.name} cannot be removed: ${textOf(error)}`)
      stuck.unshift(object)
    }
  }
  return stuck
}

/** Namespaces and definitions first, the rest as it came. */
export function inOrder(objects: readonly Manifest[]): Manifest[] {
  const rank = ({ kind }: Manifest): number =>
    FIRST_KINDS.includes(kind) ? FIRST_KINDS.indexOf(kind) : FIRST_KINDS.length
  return objects.toSorted((a, b) => rank(a) - rank(b))
}

async function applyOne(client: Client, manifest: Manifest): Promise<AppliedObject> {
  const { apiVersion, kind, metadata } = await applyManifest(client, manifest)
  const { namespace, name = '', uid = '' } = metadata
  return { apiVersion: apiVersion ?? '', kind: kind ?? '', ...(namespace !== undefined && { namespace }), name, uid }
}

/** Applies one object of any kind that is served; a namespaced one without a namespace goes to default. */
export async function applyManifest(client: Client, manifest: Manifest): Promise<Frozen<KubeObject>> {
  const resource = await resourceOf(client.transport, manifest.apiVersion, manifest.kind)
  const { namespace } = describe(manifest, resource.scope === 'Namespaced')
  const metadata = { ...manifest.metadata, ...(namespace !== undefined && { namespace }) }
  return client(resource).apply({ ...manifest, metadata }, { force: true })
}

/** Removes the very object that was applied, not another one of its name. */
async function removeOne(client: Client, transport: Transport, object: AppliedObject): Promise<void> {
  const { namespace, name, uid } = object
  try {
    const resource = await resourceOf(transport, object.apiVersion, object.kind)
    await client(resource).delete(
      { metadata: { name, ...(namespace !== undefined && { namespace }) } },
      { propagationPolicy: 'Background', preconditions: { uid } },
    )
  } catch (error) {
    if (!hasReason(error, 'NotFound', 'Conflict')) throw error
  }
}

interface DiscoveredResource {
  readonly name: string
  readonly kind: string
  readonly namespaced: boolean
}

/** The resource of a kind: a built-in one, or what discovery says. Throws when the server doesn't serve it. */
async function resourceOf(transport: Transport, apiVersion: string, kind: string): Promise<ResourceDefinition> {
  const known = builtInResources.find((r) => apiVersionOf(r) === apiVersion && r.kind === kind)
  if (known) return known
  const [group = '', version = ''] = apiVersion.includes('/') ? apiVersion.split('/') : ['', apiVersion]
  const path = group === '' ? `/api/${version}` : `/apis/${group}/${version}`
  const { status, body } = await transport.request({ method: 'GET', path })
  const resources = status === 200 ? ((body as { resources?: DiscoveredResource[] }).resources ?? []) : []
  const found = resources.find((r) => r.kind === kind && !r.name.includes('/'))
  if (!found) throw new Error(`no kind ${kind} is served in ${apiVersion}`)
  return dynamicResource({ group, version, kind, plural: found.name, namespaced: found.namespaced })
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

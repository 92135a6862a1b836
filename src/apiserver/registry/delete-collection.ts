import { hasReason } from '../../apimachinery/status.ts'
import type { Call } from '../request/call.ts'
import { readListOptions } from '../request/list-options.ts'
import type { Answer, ListItem } from './answer.ts'
import { deleteNamed } from './delete.ts'
import type { DeleteOptions } from './delete-options.ts'
import { listSelected } from './list.ts'
import { selectionOf } from './selection.ts'
import type { Registry, ServedResource } from './served.ts'

/** Objects that are deleted side by side. */
const PAGE = 500

/**
 * DELETE of a collection: each selected object as if deleted by itself. Not atomic, as upstream: an error leaves some. Answers the
 * list of what was there.
 */
export async function deleteCollection(
  registry: Registry,
  resource: ServedResource,
  call: Call,
  options: DeleteOptions,
): Promise<Answer> {
  const list = readListOptions(call.query)
  const selection = selectionOf(resource.definition, list.labels, list.fields, call.info.namespace)
  const found = await listSelected(registry, resource, list, selection, call.signal)
  const items = [...found.first]
  await deleteItems(registry, resource, call, options, found.first)
  const rest = found.rest?.()
  for (let more = rest !== undefined; rest && more;) {
    const page: ListItem[] = []
    more = await rest.step((item) => page.push(item.kept()) < PAGE)
    items.push(...page)
    await deleteItems(registry, resource, call, options, page)
  }
  return { ...found, first: items, rest: undefined }
}

/** A page at a time, side by side: the store commits them together. */
async function deleteItems(
  registry: Registry,
  resource: ServedResource,
  call: Call,
  options: DeleteOptions,
  items: readonly ListItem[],
): Promise<void> {
  await Promise.all(
    items.map(async (item) => {
      const { name = '', namespace = '' } = item.object().metadata
      try {
        await deleteNamed(registry, resource, call, options, { namespace, name })
      } catch (error) {
        if (!hasReason(error, 'NotFound')) throw error
      }
    }),
  )
}

import type { Frozen, KubeList, KubeObject } from '../apimachinery/meta.ts'
import { hasReason } from '../apimachinery/status.ts'
import type { ListOptions, ResourceClient } from './client.ts'

/** client-go's default page size. */
const PAGE_SIZE = 500

/**
 * Lists page by page, so that no answer is large. All pages are of one revision; when that expires between two pages,
 * starts over with one whole list and yields everything again, as `restarted`.
 */
export async function* pagesOf<T extends KubeObject>(
  resource: Pick<ResourceClient<T>, 'list'>,
  options: ListOptions = {},
): AsyncGenerator<{ readonly page: Frozen<KubeList<T>>; readonly restarted: boolean }> {
  let from: string | undefined
  do {
    let page: Frozen<KubeList<T>>
    try {
      page = await resource.list({ limit: PAGE_SIZE, ...options, ...(from && { continue: from }) })
    } catch (error) {
      if (!from || !hasReason(error, 'Expired', 'Gone')) throw error
      const { limit: _, ...whole } = options
      yield { page: await resource.list(whole), restarted: true }
      return
    }
    yield { page, restarted: false }
    from = page.metadata.continue
  } while (from)
}

/** All objects and the resourceVersion they were read at, fetched page by page. */
export async function listAll<T extends KubeObject>(
  resource: Pick<ResourceClient<T>, 'list'>,
  options: ListOptions = {},
): Promise<{ readonly items: Frozen<T>[]; readonly resourceVersion: string }> {
  let items: Frozen<T>[] = []
  let resourceVersion = ''
  for await (const { page, restarted } of pagesOf(resource, options)) {
    items = restarted ? [...page.items] : [...items, ...page.items]
    resourceVersion = page.metadata.resourceVersion ?? ''
  }
  return { items, resourceVersion }
}

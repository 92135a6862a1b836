import { type Case, type Catalogue, del, get, given, post, put, type Step } from '../case.ts'
import { configMap, maps } from '../things.ts'

const letters = ['a', 'b', 'c', 'd', 'e']
const filled = letters.map((name, index) =>
  given(post(maps, { ...configMap(name), metadata: { name, labels: { odd: String(index % 2) } } }, { save: name })),
)
const names = (body: unknown): unknown => {
  const { items, ...rest } = body as { items?: { metadata: { name: string } }[] }
  return items ? { ...rest, items: items.map(({ metadata }) => metadata.name) } : body
}
const list = (query: string, more: Partial<Step> = {}): Step => get(`${maps}?${query}`, { view: names, ...more })
const named = (name: string, ...steps: readonly Step[]): Case => ({ name, steps: [...filled, ...steps] })

/** Pages, revisions and selections of lists. */
export const lists: Catalogue = {
  name: 'lists',
  cases: [
    named('whole', get(maps)),
    named(
      'in pages',
      list('limit=2', { save: 'p1' }),
      list('limit=2&continue={{p1.metadata.continue}}', { save: 'p2' }),
      list('limit=2&continue={{p2.metadata.continue}}'),
      list('continue={{p1.metadata.continue}}'),
      list('limit=500&continue={{p1.metadata.continue}}'),
      list('limit=2&continue={{p1.metadata.continue}}&resourceVersion=0'),
      list('limit=2&continue={{p1.metadata.continue}}&resourceVersion=1'),
      list('limit=2&continue={{p1.metadata.continue}}&resourceVersionMatch=Exact'),
      list('limit=5'),
      list('limit=4'),
      list('limit=6'),
    ),
    named(
      'pages of a selection',
      list('limit=1&labelSelector=odd=1', { save: 'p1' }),
      list('limit=1&labelSelector=odd=1&continue={{p1.metadata.continue}}', { save: 'p2' }),
      list('limit=1&labelSelector=odd=0', { save: 'p1' }),
      list('limit=2&labelSelector=odd=0&continue={{p1.metadata.continue}}'),
      list('limit=1&fieldSelector=metadata.name=c'),
      list('limit=1&fieldSelector=metadata.name!=a'),
      list('limit=1&labelSelector=none=such'),
    ),
    named(
      'pages stay as they were',
      list('limit=2', { save: 'p1' }),
      del(`${maps}/d`, { compare: ['status'] }),
      post(maps, configMap('bb'), { compare: ['status'] }),
      list('limit=9&continue={{p1.metadata.continue}}'),
      list(''),
    ),
    named(
      'a page token of another namespace',
      list('limit=2', { save: 'p1' }),
      get('/api/v1/namespaces/kube-system/configmaps?continue={{p1.metadata.continue}}&limit=1', {
        compare: ['status'],
      }),
    ),
    named(
      'from the cache',
      list('resourceVersion=0'),
      list('resourceVersion=0&limit=2'),
      list('resourceVersion=0&limit=2&resourceVersionMatch=NotOlderThan'),
    ),
    named(
      'at a revision',
      list('resourceVersion={{c.metadata.resourceVersion}}&resourceVersionMatch=Exact'),
      list('resourceVersion={{c.metadata.resourceVersion}}&resourceVersionMatch=Exact&limit=2', { save: 'p1' }),
      list('continue={{p1.metadata.continue}}'),
      list('resourceVersion={{c.metadata.resourceVersion}}&limit=2'),
      list('resourceVersion={{c.metadata.resourceVersion}}'),
      list('resourceVersion={{c.metadata.resourceVersion}}&resourceVersionMatch=NotOlderThan'),
      list('resourceVersion={{c.metadata.resourceVersion}}&resourceVersionMatch=NotOlderThan&limit=1'),
    ),
    named('of a revision to come', list('resourceVersion=99999999')),
    named('of a revision to come, exactly', list('resourceVersion=99999999&resourceVersionMatch=Exact')),
    named('of a revision to come, in pages', list('resourceVersion=99999999&limit=1')),
    named(
      'of a revision to come, watched',
      get(`${maps}?watch=1&timeoutSeconds=5&resourceVersion=99999999`, { compare: ['status', 'headers'] }),
    ),
    named('an object of a revision to come', get(`${maps}/a?resourceVersion=99999999`)),
    named(
      'an object of a revision',
      get(`${maps}/a?resourceVersion={{c.metadata.resourceVersion}}`),
      get(`${maps}/none?resourceVersion=0`),
    ),
    named(
      'as tables, in pages',
      get(`${maps}?limit=2`, { headers: { accept: 'application/json;as=Table;g=meta.k8s.io;v=v1' } }),
    ),
    named(
      'of one name',
      list('fieldSelector=metadata.name=c'),
      list('fieldSelector=metadata.name=none'),
      list('fieldSelector=metadata.name=c,metadata.namespace=$ns'),
      get('/api/v1/configmaps?fieldSelector=metadata.name=c,metadata.namespace=$ns', { view: names }),
    ),
    named(
      'of labels',
      ...[
        'odd',
        '!odd',
        'odd in (0,1)',
        'odd notin (0)',
        'odd!=0',
        'odd>0',
        'odd<1',
        'odd==1',
        'odd=1,odd=0',
        'none notin (x)',
      ].map((selector) => list(`labelSelector=${encodeURIComponent(selector)}`)),
    ),
    named(
      'an update in between',
      list('limit=3', { save: 'p1' }),
      put(`${maps}/e`, configMap('e', { data: { new: 'x' } }), { compare: ['status'] }),
      get(`${maps}?limit=2&continue={{p1.metadata.continue}}`),
    ),
    { name: 'empty', steps: [get(maps), get(`${maps}?limit=1`), get(`${maps}?resourceVersion=0`)] },
  ],
}

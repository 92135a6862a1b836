import { type Case, type Catalogue, del, get, given, patch, post, put, type Step } from '../case.ts'
import { configMap, maps, pod, pods } from '../things.ts'

const labelled = (name: string, on: string): object => ({ ...configMap(name), metadata: { name, labels: { on } } })
const made = [
  given(post(maps, labelled('a', 'yes'), { save: 'a' })),
  given(post(maps, labelled('b', 'no'), { save: 'b' })),
]
const quiet = (step: Step): Step => ({ ...step, compare: ['status'] })
const changes = [
  quiet(patch('merge', `${maps}/a`, { data: { x: '1' } })),
  quiet(patch('merge', `${maps}/b`, { metadata: { labels: { on: 'yes' } } })),
  quiet(patch('merge', `${maps}/a`, { metadata: { labels: { on: 'no' } } })),
  quiet(patch('merge', `${maps}/a`, { data: { x: '2' } })),
  quiet(del(`${maps}/b`)),
  quiet(post(maps, labelled('c', 'yes'))),
]
const watch = (query: string, events: number, during: readonly Step[] = changes, more: Partial<Step> = {}): Step =>
  // Those that are waited for come long before the watch ends; others are read to its end.
  get(`${maps}?watch=1&timeoutSeconds=${events > 0 && events < 99 ? 60 : 2}&${query}`, {
    watch: { events, during },
    ...more,
  })
const named = (name: string, ...steps: readonly Step[]): Case => ({ name, steps: [...made, ...steps] })
const since = 'resourceVersion={{b.metadata.resourceVersion}}'
const accept = (value: string): Partial<Step> => ({ headers: { accept: value } })
/** When a bookmark comes, and how new it is, is the server's affair. */
const withoutRevisions = (body: unknown): unknown =>
  (Array.isArray(body) ? body : [body]).map((event: { type: string; object: { metadata: object } }) =>
    event.type === 'BOOKMARK'
      ? { ...event, object: { ...event.object, metadata: { ...event.object.metadata, resourceVersion: '0' } } }
      : event,
  )

const withoutLaterBookmarks = (body: unknown): unknown =>
  (withoutRevisions(body) as { type: string }[])
    .filter(({ type }, index) => type !== 'BOOKMARK' || index < 3)
    // A bookmark may take the place of the last one that is counted.
    .slice(0, 8)

/** How many bookmarks come is a matter of time. */
const once = (body: unknown): unknown =>
  [...new Set((withoutRevisions(body) as unknown[]).map((event) => JSON.stringify(event)))].map(
    (event) => JSON.parse(event) as unknown,
  )

/** Watches: what comes, in what form, and how they end. */
export const watches: Catalogue = {
  name: 'watches',
  cases: [
    named('from the beginning', watch('', 2, [])),
    named('from the beginning, then what changes', watch('', 8)),
    named('from a revision', watch(since, 6)),
    named('from 0', watch('resourceVersion=0', 2, [])),
    named('by a label', watch(`${since}&labelSelector=on=yes`, 5)),
    named('by a label, from the beginning', watch('labelSelector=on=yes', 6)),
    named('by a name', watch(`${since}&fieldSelector=metadata.name=a`, 3)),
    named('by another name', watch(`${since}&fieldSelector=metadata.name!=a`, 3)),
    named(
      'by a name in the path',
      get(`${maps}/a?watch=1&timeoutSeconds=60&${since}`, { watch: { events: 3, during: changes } }),
    ),
    named('by a name that is not there', watch('fieldSelector=metadata.name=none', 0, [])),
    named(
      'all namespaces',
      get(`/api/v1/configmaps?watch=1&timeoutSeconds=60&${since}&fieldSelector=metadata.namespace=$ns`, {
        watch: { events: 6, during: changes },
      }),
    ),
    named(
      'legacy: a collection',
      get(`/api/v1/watch/namespaces/$ns/configmaps?timeoutSeconds=60&${since}`, {
        watch: { events: 6, during: changes },
      }),
    ),
    named(
      'legacy: an object',
      get(`/api/v1/watch/namespaces/$ns/configmaps/a?timeoutSeconds=60&${since}`, {
        watch: { events: 3, during: changes },
      }),
    ),
    named(
      'legacy: all namespaces',
      get(`/api/v1/watch/configmaps?timeoutSeconds=60&${since}&labelSelector=on&fieldSelector=metadata.namespace=$ns`, {
        watch: { events: 6, during: changes },
      }),
    ),
    named(
      'legacy: other verbs',
      post('/api/v1/watch/namespaces/$ns/configmaps', configMap('x')),
      del('/api/v1/watch/namespaces/$ns/configmaps/a'),
      put('/api/v1/watch/namespaces/$ns/configmaps/a', configMap('a')),
      get('/api/v1/watch/nonsense'),
      get('/api/v1/watch'),
      get('/api/v1/watch/namespaces/$ns/pods/a/log'),
    ),
    named(
      'of what cannot be watched',
      get('/api/v1/componentstatuses?watch=1'),
      get('/apis/authorization.k8s.io/v1/subjectaccessreviews?watch=1'),
      get(`${pods}/a/log?watch=1`),
    ),
    named('its end', watch('timeoutSeconds=1', 99, [])),
    named('with a last bookmark', watch('allowWatchBookmarks=true&resourceVersion=0', 99, [], { view: once })),
    named(
      'the initial list',
      watch('sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true', 3, [], {
        view: withoutRevisions,
      }),
    ),
    named(
      'the initial list and what follows',
      watch('sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true', 9, changes, {
        view: withoutLaterBookmarks,
      }),
    ),
    named(
      'the initial list from 0',
      watch(
        'sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true&resourceVersion=0',
        3,
        [],
        { view: withoutRevisions },
      ),
    ),
    named(
      'the initial list from a revision',
      watch(`sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true&${since}`, 3, [], {
        view: withoutRevisions,
      }),
    ),
    named(
      'the initial list without bookmarks',
      watch('sendInitialEvents=true&resourceVersionMatch=NotOlderThan', 2, []),
    ),
    named('no initial list', watch('sendInitialEvents=false&resourceVersionMatch=NotOlderThan', 6)),
    named(
      'no initial list from a revision',
      watch(`sendInitialEvents=false&resourceVersionMatch=NotOlderThan&${since}`, 6),
    ),
    named(
      'the initial list of a selection',
      watch(
        'sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true&labelSelector=on=yes',
        2,
        [],
        { view: withoutRevisions },
      ),
    ),
    named(
      'the initial list as metadata',
      watch('sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true', 3, [], {
        view: withoutRevisions,
        ...accept('application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1'),
      }),
    ),
    named(
      'the initial list as tables',
      watch('sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true', 3, [], {
        compare: ['status', 'headers'],
        ...accept('application/json;as=Table;g=meta.k8s.io;v=v1'),
      }),
    ),
    named('from long ago', watch('resourceVersion=1', 1, [], { compare: ['status', 'headers'] })),
    named(
      'as metadata',
      watch(since, 6, changes, accept('application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1')),
    ),
    named(
      'as metadata of v1beta1',
      watch(since, 6, changes, accept('application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1beta1')),
    ),
    named(
      'as a list of metadata',
      watch(since, 6, changes, accept('application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1')),
    ),
    named('as tables', watch(since, 6, changes, accept('application/json;as=Table;g=meta.k8s.io;v=v1'))),
    named(
      'as tables of v1beta1',
      watch(since, 6, changes, accept('application/json;as=Table;g=meta.k8s.io;v=v1beta1')),
    ),
    named(
      'as tables with objects',
      watch(`${since}&includeObject=Object`, 6, changes, accept('application/json;as=Table;g=meta.k8s.io;v=v1')),
    ),
    named(
      'as tables without',
      watch(`${since}&includeObject=None`, 6, changes, accept('application/json;as=Table;g=meta.k8s.io;v=v1')),
    ),
    named(
      'as tables with nonsense',
      watch(`${since}&includeObject=nonsense`, 1, changes, accept('application/json;as=Table;g=meta.k8s.io;v=v1')),
    ),
    named('in YAML', watch(since, 1, [], accept('application/yaml'))),
    named(
      'in protobuf',
      watch(since, 0, [], { compare: ['status', 'headers'], ...accept('application/vnd.kubernetes.protobuf') }),
    ),
    named(
      'in a stream of protobuf',
      watch(since, 0, [], {
        compare: ['status', 'headers'],
        ...accept('application/vnd.kubernetes.protobuf;stream=watch'),
      }),
    ),
    named('in a stream of JSON', watch(since, 6, changes, accept('application/json;stream=watch'))),
    named('in CBOR', watch(since, 1, [], accept('application/cbor-seq'))),
    named('in something', watch(since, 6, changes, accept('*/*'))),
    named('in text', watch(since, 1, [], accept('text/plain'))),
    {
      name: 'pods by node and phase',
      steps: [
        given(post(pods, pod('p'), { save: 'p' })),
        get(
          `${pods}?watch=1&timeoutSeconds=60&resourceVersion={{p.metadata.resourceVersion}}&fieldSelector=spec.nodeName=n,status.phase!=Succeeded`,
          {
            watch: {
              events: 3,
              during: [
                quiet(post(`${pods}/p/binding`, { metadata: { name: 'p' }, target: { kind: 'Node', name: 'n' } })),
                quiet(patch('merge', `${pods}/p/status`, { status: { message: 'x' } })),
                quiet(patch('merge', `${pods}/p/status`, { status: { phase: 'Succeeded' } })),
                quiet(del(`${pods}/p?gracePeriodSeconds=0`)),
              ],
            },
          },
        ),
      ],
    },
    {
      name: 'an object with a finalizer goes',
      steps: [
        given(post(maps, { ...configMap('f'), metadata: { name: 'f', finalizers: ['example.com/x'] } }, { save: 'f' })),
        watch('resourceVersion={{f.metadata.resourceVersion}}', 2, [
          quiet(del(`${maps}/f`)),
          quiet(patch('merge', `${maps}/f`, { metadata: { finalizers: null } })),
        ]),
      ],
    },
    {
      name: 'an object of another version of its kind',
      steps: [
        given(
          post(
            '/apis/autoscaling/v2/namespaces/$ns/horizontalpodautoscalers',
            {
              metadata: { name: 'h' },
              spec: { maxReplicas: 3, scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'd' } },
            },
            { save: 'h' },
          ),
        ),
        get('/apis/autoscaling/v1/namespaces/$ns/horizontalpodautoscalers?watch=1&timeoutSeconds=60', {
          watch: {
            events: 2,
            during: [
              quiet(
                patch('merge', '/apis/autoscaling/v2/namespaces/$ns/horizontalpodautoscalers/h', {
                  spec: { maxReplicas: 5 },
                }),
              ),
            ],
          },
        }),
      ],
    },
    {
      name: 'by someone who may not',
      steps: [
        get(`${maps}?watch=1`, { user: 'alice' }),
        get(`/api/v1/watch/namespaces/$ns/configmaps/a`, { user: 'alice' }),
      ],
    },
  ],
}

import { type Catalogue, post, put, given, single, type Step } from '../case.ts'
import { configMap, deployments, maps, pods } from '../things.ts'

const sent = (body: unknown, headers: Record<string, string> = {}, path = maps): Step => post(path, body, { headers })
const yaml = { 'content-type': 'application/yaml' }
const protobuf = { 'content-type': 'application/vnd.kubernetes.protobuf' }
const text = JSON.stringify(configMap('a'))
const pod = (spec: string): string => `{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a"},"spec":${spec}}`

/** What is sent, well formed and not. */
export const bodies: Catalogue = {
  name: 'bodies',
  cases: [
    ...single({
      empty: sent(''),
      'none at all': { method: 'POST', path: maps },
      null: sent('null'),
      'a number': sent('1'),
      'a list': sent('[]'),
      'a string': sent('"x"'),
      'white space': sent('  \n'),
      'an empty object': sent('{}'),
      'no kind, no version': sent({ metadata: { name: 'a' } }),
      'no kind': sent({ apiVersion: 'v1', metadata: { name: 'a' } }),
      'no version': sent({ kind: 'ConfigMap', metadata: { name: 'a' } }),
      'an empty kind': sent({ kind: '', apiVersion: '', metadata: { name: 'a' } }),
      'wrong kind': sent({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'a' } }),
      'unknown kind': sent({ apiVersion: 'v1', kind: 'Nonsense', metadata: { name: 'a' } }),
      'wrong version': sent({ apiVersion: 'v2', kind: 'ConfigMap', metadata: { name: 'a' } }),
      'wrong group': sent({ apiVersion: 'apps/v1', kind: 'ConfigMap', metadata: { name: 'a' } }),
      'malformed version': sent({ apiVersion: 'a/b/c', kind: 'ConfigMap', metadata: { name: 'a' } }),
      'a list of the kind': sent({ apiVersion: 'v1', kind: 'ConfigMapList', items: [] }),
      'kind is a number': sent('{"apiVersion":"v1","kind":1,"metadata":{"name":"a"}}'),
      'kind is null': sent('{"apiVersion":"v1","kind":null,"metadata":{"name":"a"}}'),
      truncated: sent(text.slice(0, -5)),
      'truncated in a string': sent(text.slice(0, 30)),
      'trailing text': sent(`${text} x`),
      'a second document': sent(`${text}${text}`),
      'a trailing brace': sent(`${text}}`),
      'not JSON': sent('hello'),
      'single quotes': sent("{'kind':'ConfigMap'}"),
      'a trailing comma': sent('{"apiVersion":"v1","kind":"ConfigMap",}'),
      'a comment': sent('{"apiVersion":"v1",/* x */"kind":"ConfigMap"}'),
      'a control character': sent('{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a\u0001"}}'),
      'a bad escape': sent('{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"\\x"}}'),
      'a lone surrogate': sent('{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"},"data":{"a":"\\ud800"}}'),
      'invalid UTF-8': sent(
        Buffer.concat([
          Buffer.from('{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"},"data":{"a":"'),
          Buffer.of(0xff, 0xfe),
          Buffer.from('"}}'),
        ]),
      ),
      'a byte order mark': sent(`\ufeff${text}`),
      'duplicate keys': sent('{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"},"data":{"a":"1","a":"2"}}'),
      'duplicate fields': sent(
        '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"},"data":{"a":"1"},"data":{"b":"2"}}',
      ),
      'duplicate fields, strict': sent(
        '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"},"data":{"a":"1"},"data":{"b":"2"}}',
        {},
        `${maps}?fieldValidation=Strict`,
      ),
      'duplicate fields, ignored': sent(
        '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"},"data":{"a":"1"},"data":{"b":"2"}}',
        {},
        `${maps}?fieldValidation=Ignore`,
      ),
      'fields in other letters': sent(
        '{"APIVERSION":"v1","Kind":"ConfigMap","Metadata":{"Name":"a"},"DATA":{"a":"1"}}',
      ),
      'unknown fields': sent({ ...configMap('a'), nonsense: 1, metadata: { name: 'a', foo: 'bar' } }),
      'unknown fields, strict': sent(
        { ...configMap('a'), nonsense: 1, metadata: { name: 'a', foo: 'bar' } },
        {},
        `${maps}?fieldValidation=Strict`,
      ),
      'unknown fields, ignored': sent({ ...configMap('a'), nonsense: 1 }, {}, `${maps}?fieldValidation=Ignore`),
      'unknown nested fields': sent(
        pod('{"containers":[{"name":"c","image":"i","foo":1,"resources":{"bar":{}}}],"baz":true}'),
        {},
        `${pods}?fieldValidation=Strict`,
      ),
      'a nonsense fieldValidation': sent(text, {}, `${maps}?fieldValidation=nonsense`),
      'a huge number': sent(
        pod('{"terminationGracePeriodSeconds":99999999999999999999,"containers":[{"name":"c","image":"i"}]}'),
        {},
        pods,
      ),
      'an int64': sent(
        pod('{"activeDeadlineSeconds":9007199254740993,"containers":[{"name":"c","image":"i"}]}'),
        {},
        pods,
      ),
      'a fraction for an integer': sent(
        pod('{"terminationGracePeriodSeconds":1.5,"containers":[{"name":"c","image":"i"}]}'),
        {},
        pods,
      ),
      'an exponent for an integer': sent(
        pod('{"terminationGracePeriodSeconds":1e1,"containers":[{"name":"c","image":"i"}]}'),
        {},
        pods,
      ),
      'a whole fraction for an integer': sent(
        pod('{"terminationGracePeriodSeconds":3.0,"containers":[{"name":"c","image":"i"}]}'),
        {},
        pods,
      ),
      'an int32 overflow': sent(pod('{"priority":4294967296,"containers":[{"name":"c","image":"i"}]}'), {}, pods),
      'a string for a number': sent(
        pod('{"terminationGracePeriodSeconds":"1","containers":[{"name":"c","image":"i"}]}'),
        {},
        pods,
      ),
      'a number for a string': sent(pod('{"nodeName":1,"containers":[{"name":"c","image":"i"}]}'), {}, pods),
      'a string for a boolean': sent(pod('{"hostNetwork":"true","containers":[{"name":"c","image":"i"}]}'), {}, pods),
      'an object for a list': sent(pod('{"containers":{}}'), {}, pods),
      'a list for an object': sent(pod('[]'), {}, pods),
      'a string for an object': sent('{"apiVersion":"v1","kind":"ConfigMap","metadata":"a"}'),
      'a number for a map value': sent('{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"},"data":{"a":1}}'),
      'null fields': sent('{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a","labels":null},"data":null}'),
      'null in a map': sent(
        '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a","labels":{"a":null}},"data":{"a":null}}',
      ),
      'null in a list': sent(pod('{"containers":[null]}'), {}, pods),
      'bad base64': sent('{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"},"binaryData":{"a":"!!"}}'),
      'a bad time': sent(
        '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a","creationTimestamp":"yesterday"}}',
      ),
      'a bad quantity': sent(
        pod('{"containers":[{"name":"c","image":"i","resources":{"limits":{"cpu":"1x"}}}]}'),
        {},
        pods,
      ),
      'deeply nested': sent(
        `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"},"x":${'['.repeat(11000)}${']'.repeat(11000)}}`,
      ),
      'too large': sent(
        `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"},"data":{"a":"${'x'.repeat(3_200_000)}"}}`,
      ),
      'too large for the store': sent(
        `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"},"data":{"a":"${'x'.repeat(1_100_000)}"}}`,
      ),
      YAML: sent('apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\ndata:\n  a: "1"\n', yaml),
      'YAML answered in YAML': sent('apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n', {
        ...yaml,
        accept: 'application/yaml',
      }),
      'broken YAML': sent('apiVersion: v1\nkind: [ConfigMap\n', yaml),
      'YAML with tabs': sent('apiVersion: v1\n\tkind: ConfigMap\n', yaml),
      'YAML, unknown field': sent('apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\nfoo: bar\n', yaml),
      'YAML, unknown field, strict': sent(
        'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\nfoo: bar\n',
        yaml,
        `${maps}?fieldValidation=Strict`,
      ),
      'YAML, duplicate keys': sent(
        'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata:\n  a: "1"\n  a: "2"\n',
        yaml,
      ),
      'YAML, duplicate keys, strict': sent(
        'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata:\n  a: "1"\n  a: "2"\n',
        yaml,
        `${maps}?fieldValidation=Strict`,
      ),
      'YAML of two documents': sent(
        'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n---\nkind: ConfigMap\n',
        yaml,
      ),
      'YAML numbers as strings': sent(
        'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {a: 1, b: yes, c: 0x10}\n',
        yaml,
      ),
      'YAML aliases': sent('apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {a: &x "1", b: *x}\n', yaml),
      'empty YAML': sent('', yaml),
      'JSON said to be YAML': sent(text, yaml),
      'YAML said to be JSON': sent('apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n'),
      'JSON said to be protobuf': sent(text, protobuf),
      'protobuf magic alone': sent(Buffer.from('k8s\0'), protobuf),
      'protobuf garbage': sent(Buffer.from('k8s\0garbage that is none'), protobuf),
      'empty protobuf': sent('', protobuf),
      CBOR: sent(Buffer.of(0xd9, 0xd9, 0xf7, 0xa0), { 'content-type': 'application/cbor' }),
      'an unknown content type': sent(text, { 'content-type': 'text/plain' }),
      'no content type': sent(text, { 'content-type': '' }),
      'a content type with parameters': sent(text, { 'content-type': 'application/json; charset=utf-8' }),
      'a content type in capitals': sent(text, { 'content-type': 'Application/JSON' }),
      'a malformed content type': sent(text, { 'content-type': 'nonsense' }),
      'a form': sent('a=b', { 'content-type': 'application/x-www-form-urlencoded' }),
      'a compressed body': sent(
        Buffer.from('H4sIAAAAAAAAA6tWKkktLlGyUlAqS8wpTtVRSs7PS8tMV7ICsQEAHbOcdSUAAAA=', 'base64'),
        { 'content-encoding': 'gzip' },
      ),
      'another name': sent({ ...configMap('b') }, {}, `${maps}/a`),
      'another namespace': sent({ ...configMap('b'), metadata: { name: 'b', namespace: 'other' } }),
      'a namespace on a cluster-wide object': sent(
        { apiVersion: 'v1', kind: 'Namespace', metadata: { name: '$id', namespace: 'x' } },
        {},
        '/api/v1/namespaces',
      ),
      'no name': sent({ apiVersion: 'v1', kind: 'ConfigMap' }),
      'no name for a Deployment': sent({ apiVersion: 'apps/v1', kind: 'Deployment' }, {}, deployments),
      'an invalid name': sent(configMap('A_b')),
      'a slash in a name': sent(configMap('a/b')),
      'a dot as name': sent(configMap('.')),
      'a long name': sent(configMap('a'.repeat(254))),
      'bad labels': sent({
        ...configMap('a'),
        metadata: {
          name: 'a',
          labels: { 'a b': 'c', 'x/y/z': 'd', e: 'f g', ['k'.repeat(64)]: 'v', v: 'v'.repeat(64) },
        },
      }),
      'bad annotations': sent({
        ...configMap('a'),
        metadata: { name: 'a', annotations: { 'a b': 'c', A: 'x'.repeat(262145) } },
      }),
      'bad finalizers': sent({
        ...configMap('a'),
        metadata: { name: 'a', finalizers: ['x', 'a.b/c d', '', 'example.com/ok'] },
      }),
      'bad owner references': sent({
        ...configMap('a'),
        metadata: {
          name: 'a',
          ownerReferences: [
            { apiVersion: '', kind: '', name: '', uid: '' },
            { apiVersion: 'v1', kind: 'Event', name: 'e', uid: 'u' },
          ],
        },
      }),
      'two controllers': sent({
        ...configMap('a'),
        metadata: {
          name: 'a',
          ownerReferences: ['p', 'q'].map((name) => ({
            apiVersion: 'v1',
            kind: 'Pod',
            name,
            uid: name,
            controller: true,
          })),
        },
      }),
      'the same owner twice': sent({
        ...configMap('a'),
        metadata: {
          name: 'a',
          ownerReferences: ['p', 'p'].map((name) => ({ apiVersion: 'v1', kind: 'Pod', name, uid: name })),
        },
      }),
    }),
    {
      name: 'names are made of prefixes',
      generated: ['abc-', 'a{58}', 'ABC_'],
      steps: ['abc-', 'a'.repeat(300), 'ABC_'].map((generateName) =>
        sent({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { generateName } }),
      ),
    },
    {
      name: 'a PUT of another name',
      steps: [
        given(post(maps, configMap('a'))),
        put(`${maps}/a`, configMap('b')),
        put(`${maps}/a`, { kind: 'ConfigMap', apiVersion: 'v1' }),
      ],
    },
    {
      name: 'a second POST',
      steps: [
        given(post(maps, configMap('a'))),
        post(maps, configMap('a')),
        post(maps, { metadata: { name: 'a', generateName: 'a' } }),
      ],
    },
  ],
}

import fc from 'fast-check'

type Fields = Record<string, fc.Arbitrary<unknown>>

/** An object with some of these fields, or none. */
const any = (fields: Fields): fc.Arbitrary<Record<string, unknown>> =>
  fc.record(fields, { requiredKeys: [], noNullPrototype: true }) as fc.Arbitrary<Record<string, unknown>>

/** An object with some of these fields. */
const atLeastOne = (fields: Fields): fc.Arbitrary<Record<string, unknown>> =>
  any(fields).filter((object) => Object.keys(object).length > 0)

/** Items of a list that are told apart by a key, each with some of the other fields; in any order. */
const items = (
  key: string,
  values: readonly unknown[],
  fields: Record<string, fc.Arbitrary<unknown>>,
  minLength = 0,
): fc.Arbitrary<Record<string, unknown>[]> =>
  fc
    .uniqueArray(fc.constantFrom(...values), { minLength, maxLength: 3 })
    .chain((keys) => fc.tuple(...keys.map((of) => any(fields).map((rest) => ({ [key]: of, ...rest })))))

const word = fc.constantFrom('1', '2', '')
function made(some: (fields: Fields) => fc.Arbitrary<Record<string, unknown>>): fc.Arbitrary<Record<string, unknown>> {
  const labels = some({ a: word, b: word, 'example.com/c': word })
  const amounts = some({ cpu: fc.constantFrom('1', '500m'), memory: fc.constant('1Gi') })

  const container = {
    image: fc.constantFrom('x', 'y'),
    args: fc.array(word, { minLength: 1, maxLength: 2 }),
    env: items('name', ['A', 'B', 'C'], { value: word }, 1),
    ports: items('containerPort', [80, 81, 443], { protocol: fc.constantFrom('TCP', 'UDP') }, 1),
    resources: some({ limits: amounts, requests: amounts }),
    volumeMounts: items('mountPath', ['/a', '/b'], { name: fc.constant('v'), readOnly: fc.boolean() }, 1),
    tty: fc.boolean(),
  }

  const podSpec = {
    containers: items('name', ['m', 'n', 'o'], container, 1),
    nodeSelector: labels,
    tolerations: fc.array(some({ key: word, operator: fc.constant('Exists') }), { minLength: 1, maxLength: 2 }),
    imagePullSecrets: items('name', ['a', 'b', 'c'], {}, 1),
    hostAliases: items(
      'ip',
      ['192.0.2.1', '192.0.2.2'],
      { hostnames: fc.array(word, { minLength: 1, maxLength: 2 }) },
      1,
    ),
  }

  return fc
    .record(
      {
        metadata: some({
          labels,
          annotations: labels,
          finalizers: fc.uniqueArray(fc.constantFrom('x.io/a', 'x.io/b', 'x.io/c'), { minLength: 1 }),
        }),
        spec: some({
          replicas: fc.nat(2),
          paused: fc.boolean(),
          selector: fc.constant({ matchLabels: { app: 'a' } }),
          template: some({ metadata: some({ labels }), spec: some(podSpec) }),
        }),
      },
      { noNullPrototype: true },
    )
    .map((parts) => ({ apiVersion: 'apps/v1', kind: 'Deployment', ...parts }))
}

/** Deployments without names, as JSON without nulls. Not all of them are valid; some have maps without entries. */
export const deployments = made(any)
/** The same, without empty maps: there, to own a map is more than to own its entries. */
export const fullDeployments = made(atLeastOne)

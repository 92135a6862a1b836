import { testCertificate } from '../../../src/apiserver/http/test-certificate.ts'
import { given, post, type Step } from '../case.ts'
import { type Behaviour, READY } from '../hook-server.ts'
import { maps } from '../things.ts'

const CONFIGURATIONS = '/apis/admissionregistration.k8s.io/v1'
const LEASES = '/apis/coordination.k8s.io/v1/namespaces/$ns/leases'

export const ca = Buffer.from(testCertificate.cert).toString('base64')

/** What is asked about unless told. */
const RULE = { operations: ['*'], apiGroups: [''], apiVersions: ['v1'], resources: ['configmaps'] }

export const rule = (more: object): object => ({ ...RULE, ...more })

/** A webhook of a configuration, for the case's namespace. */
export const hook = (name: string, more: object = {}): object => ({
  name: `${name}.example.com`,
  clientConfig: { url: `$hooks/${name}`, caBundle: ca },
  rules: [RULE],
  namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': '$ns' } },
  sideEffects: 'None',
  admissionReviewVersions: ['v1'],
  timeoutSeconds: 10,
  ...more,
})

/** A webhook for objects that are in no namespace: by their label `case: $id`. */
export const clusterHook = (name: string, more: object = {}): object =>
  hook(name, { namespaceSelector: {}, objectSelector: { matchLabels: { case: '$id' } }, ...more })

const readyHook = (kind: string): object =>
  hook(READY, {
    rules: [{ operations: ['CREATE'], apiGroups: ['coordination.k8s.io'], apiVersions: ['v1'], resources: ['leases'] }],
    objectSelector: { matchLabels: { ready: kind } },
  })

type Kind = 'mutating' | 'validating'

/** Makes a configuration, and waits until it is in force. */
export function configured(kind: Kind, hooks: readonly object[], name = '$id'): Step[] {
  const lease = { metadata: { name: READY, labels: { ready: `${kind}-${name}` } }, spec: {} }
  return [
    given(
      post(`${CONFIGURATIONS}/${kind}webhookconfigurations`, {
        metadata: { name },
        webhooks: [...hooks, readyHook(`${kind}-${name}`)],
      }),
    ),
    post(`${LEASES}?dryRun=All`, lease, { until: `denied the request: ${READY}` }),
  ]
}

export const validating = (...hooks: object[]): Step[] => configured('validating', hooks)
export const mutating = (...hooks: object[]): Step[] => configured('mutating', hooks)

export const allow: Behaviour = () => ({})

/** Answers with a patch of these operations. */
export const patching =
  (...operations: object[]): Behaviour =>
  () => ({ patchType: 'JSONPatch', patch: encoded(operations) })

export const encoded = (patch: unknown): string => Buffer.from(JSON.stringify(patch)).toString('base64')

/** A change of a config map that webhooks are asked about. */
export const makeMap = (name = 'm', more: object = {}): Step =>
  post(maps, { metadata: { name, ...more }, data: { given: 'yes' } })

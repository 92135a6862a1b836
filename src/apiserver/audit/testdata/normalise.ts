/** An audit event, with what differs from run to run put aside. */
export type Normalised = Readonly<Record<string, unknown>>

const NAMED: Readonly<Record<string, string>> = {
  uid: 'UID',
  resourceVersion: 'VERSION',
  creationTimestamp: 'TIME',
  deletionTimestamp: 'TIME',
  expirationTimestamp: 'TIME',
  lastTransitionTime: 'TIME',
  time: 'TIME',
  requestReceivedTimestamp: 'TIME',
  stageTimestamp: 'TIME',
  token: 'TOKEN',
  serverAddress: 'ADDRESS',
  remainingItemCount: 'COUNT',
}
/** What is told, but said elsewhere: texts about fields, and what was found out besides the answer. */
const DROPPED = ['columnDefinitions', 'auditID']
const LATENCY = 'apiserver.latency.k8s.io/'
const UUIDS = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g
const MADE = /made-[a-z0-9]{5}/g
const ISSUER = 'https://kubernetes.default.svc.cluster.local'
/** How old something is, in a table. */
const AGE = /^\d+s$/
const ADDRESSES = /127\.0\.0\.1:\d+/g

/** Without names, times and versions that a server makes up. */
export function normalise(event: Readonly<Record<string, unknown>>): Normalised {
  return object(event)
}

function object(value: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const entries = Object.entries(value)
    .filter(([key]) => !DROPPED.includes(key) && !key.startsWith(LATENCY))
    .map(([key, one]) => [key, typeof one === 'string' && one !== '' ? (NAMED[key] ?? text(one)) : any(one)] as const)
  return Object.fromEntries(entries)
}

function any(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(any)
  if (typeof value === 'string') return text(value)
  return typeof value === 'object' && value !== null ? object(value as Record<string, unknown>) : value
}

const text = (value: string): string =>
  value
    .replace(UUIDS, 'UUID')
    .replace(AGE, 'AGE')
    .replace(MADE, 'made-NAME')
    .replace(ADDRESSES, '127.0.0.1:PORT')
    .replace(ISSUER, 'https://kubernetes.default.svc')

import { sleep } from '../../lib/clock.ts'
import type { Store } from '../../store/store.ts'
import { collectionPrefix, type ServedResource } from '../registry/served.ts'
import { answerVerb } from '../registry/verbs.ts'
import type { Call } from '../request/call.ts'
import { parseRequestInfo } from '../request/info.ts'
import type { ApiServer } from '../server.ts'

/** As whom the server itself changes definitions, and deletes the objects of those that go. */
export const SELF = { name: 'system:apiserver', groups: ['system:masters', 'system:authenticated'] }

/** When nothing happens so long, the objects that are left are deleted once more. */
const AGAIN_MS = 5000

/** Deletes all objects of a resource, and resolves when they are gone: finalizers are waited for. */
export async function deleteObjects(server: ApiServer, resource: ServedResource, signal: AbortSignal): Promise<void> {
  const { registry } = server
  const { store, env } = registry
  const prefix = collectionPrefix(resource.definition, '')
  for (;;) {
    const change = nextChange(store, prefix)
    try {
      const left = await namespacesOf(store, resource, prefix)
      if (left.size === 0) return
      for (const namespace of left) await answerVerb(registry, resource, deleteCall(resource, namespace, signal))
      if ((await store.count(prefix)) === 0) return
      await Promise.race([change.happened, sleep(env.clock, AGAIN_MS, signal)])
    } finally {
      change.stop()
    }
  }
}

async function namespacesOf(store: Store, { definition }: ServedResource, prefix: string): Promise<Set<string>> {
  const { entries } = await store.range(prefix)
  const isNamespaced = definition.scope === 'Namespaced'
  return new Set(entries.map(({ key }) => (isNamespaced ? (key.slice(prefix.length).split('/')[0] ?? '') : '')))
}

function nextChange(store: Store, prefix: string): { readonly happened: Promise<void>; stop(): void } {
  let stop = (): void => {}
  const happened = new Promise<void>((resolve) => {
    stop = store.watch(prefix, store.revision, { onEvents: () => resolve(), onError: () => resolve() })
  })
  return { happened, stop: () => stop() }
}

function deleteCall({ definition }: ServedResource, namespace: string, signal: AbortSignal): Call {
  const { group, version, plural } = definition
  const query = new URLSearchParams()
  const path = `/apis/${group}/${version}/${namespace ? `namespaces/${namespace}/` : ''}${plural}`
  return {
    method: 'DELETE',
    info: parseRequestInfo('DELETE', path, query),
    query,
    headers: { 'user-agent': 'kube-apiserver' },
    user: SELF,
    body: { kind: 'none' },
    signal,
    warnings: [],
    annotations: new Map(),
  }
}

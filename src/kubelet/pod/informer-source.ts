import { pods } from '../../api/core/v1/pod.ts'
import type { Client } from '../../client/client.ts'
import { Informer } from '../../client/informer/informer.ts'
import type { Env } from '../../lib/env.ts'
import type { PodHandler, PodSource } from './source.ts'

/** A node's pods by an informer of its own, which asks for no others. */
export function informerSource(client: Client, env: Env): PodSource {
  return {
    follow(nodeName, handler: PodHandler, signal) {
      const informer = new Informer({
        client,
        env,
        resource: pods,
        scope: { fieldSelector: `spec.nodeName=${nodeName}` },
      })
      let synced = false
      informer.addHandler({
        onAdd: (pod) => handler.set(pod),
        onUpdate: (pod) => handler.set(pod),
        onDelete: (pod) => handler.removed(pod),
        onProgress() {
          if (synced || !informer.synced) return
          synced = true
          handler.synced()
        },
      })
      informer.run(signal).catch((err: unknown) => env.log.error('pod informer ended', { err }))
    },
  }
}

import { apiServices, customResourceDefinitions } from '../../api/index.ts'
import { defineController, done, watches, type ControllerDefinition } from '../../client/controller.ts'
import { Collector, SYNC_KINDS } from './collector.ts'

/**
 * Deletes what has lost its owners. It follows every kind there is; a change of CustomResourceDefinitions or APIServices makes it
 * ask again which these are.
 */
export function garbageCollector(): ControllerDefinition {
  let collector: Collector | undefined
  return defineController({
    name: 'generic-garbage-collector',
    serviceAccount: 'generic-garbage-collector',
    component: 'garbage-collector-controller',
    for: customResourceDefinitions,
    wakes: () => false,
    watches: [
      watches({ resource: customResourceDefinitions, keys: () => [SYNC_KINDS] }),
      watches({ resource: apiServices, keys: () => [SYNC_KINDS] }),
    ],
    concurrency: 20,
    async start(context) {
      collector = new Collector(context)
      await collector.start()
    },
    async reconcile(key) {
      await collector?.work(key)
      return done
    },
  })
}

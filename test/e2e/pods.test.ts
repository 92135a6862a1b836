import { after, before, describe } from 'node:test'
import { TestCluster } from './cluster.ts'
import type { Kubectl } from './kubectl/kubectl.ts'
import { newestKubectl, noKubectl } from './kubectl/program.ts'
import { givenCases } from './pods/given.ts'
import { lifeCases } from './pods/life.ts'
import { podSteps } from './pods/steps.ts'
import { troubleCases } from './pods/trouble.ts'
import { noContainers } from './skip.ts'

describe('pods in real containers', { skip: noContainers() || noKubectl(), concurrency: 12 }, () => {
  const cluster = new TestCluster('containerd')
  let kubectl: Kubectl | undefined
  before(async () => {
    await cluster.up()
    kubectl = await cluster.kubectl(newestKubectl(), 'pods')
  })
  after(() => cluster.remove())

  const steps = podSteps(cluster, () => {
    if (kubectl === undefined) throw new Error('there is no cluster')
    return kubectl
  })
  troubleCases(steps)
  lifeCases(steps)
  givenCases(steps)
})

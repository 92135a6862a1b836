import { after, before, describe } from 'node:test'
import { BUSYBOX, TestCluster } from './cluster.ts'
import { containerCases } from './kubectl/containers.ts'
import { objectCases } from './kubectl/objects.ts'
import { kubectlPrograms, noKubectl } from './kubectl/program.ts'
import { kubectlSuite } from './kubectl/suite.ts'
import { nodeCases, workloadCases } from './kubectl/workloads.ts'
import { noContainers } from './skip.ts'

describe('kubectl and real containers', { skip: noContainers() || noKubectl() }, () => {
  const cluster = new TestCluster('containerd')
  before(() => cluster.up())
  after(() => cluster.remove())

  for (const program of kubectlPrograms()) {
    const options = { cluster, program, image: BUSYBOX }
    kubectlSuite('containers', { ...options, concurrency: 4 }, containerCases, workloadCases, objectCases)
    kubectlSuite('nodes', { ...options, concurrency: 1 }, nodeCases)
  }
})

import { after, before, describe } from 'node:test'
import { TestCluster } from './cluster.ts'
import { objectCases } from './kubectl/objects.ts'
import { kubectlPrograms, noKubectl } from './kubectl/program.ts'
import { kubectlSuite } from './kubectl/suite.ts'
import { nodeCases, workloadCases } from './kubectl/workloads.ts'

describe('kubectl and simulated pods', { skip: noKubectl() }, () => {
  const cluster = new TestCluster('simulated')
  before(() => cluster.up('--nodes', '3'))
  after(() => cluster.remove())

  for (const program of kubectlPrograms()) {
    const options = { cluster, program, image: 'example.com/app:1' }
    kubectlSuite('objects', { ...options, concurrency: 4 }, objectCases, workloadCases)
    kubectlSuite('nodes', { ...options, concurrency: 1 }, nodeCases)
  }
})

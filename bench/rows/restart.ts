import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { clusterPaths } from '../../src/host/cluster/paths.ts'
import { benchPod } from '../objects.ts'
import { anonymousMb, read } from '../read.ts'
import { CLUSTER, startSkiff } from '../skiff.ts'
import { must } from '../target.ts'
import type { Row } from './row.ts'

const PODS = 150_000
const POD = '/api/v1/namespaces/default/pods'
const FILL = new URL('../fill.ts', import.meta.url).pathname
const API_ALONE = ['--components', 'apiserver']

/** An API server that starts on a full store, until it is ready; in a cluster of its own. */
export const restartRow: Row = {
  name: `restart with ${PODS} pods, API server`,
  unit: 's',
  higherIsBetter: false,
  mark: 2,
  only: 'skiff',
  async measure(_target, { note }) {
    const folder = mkdtempSync(join(tmpdir(), 'skiff-bench-restart-'))
    try {
      const first = await startSkiff(API_ALONE, folder)
      await must(first, 'POST', '/api/v1/namespaces/default/serviceaccounts', DEFAULT_ACCOUNT)
      await must(first, 'POST', POD, benchPod('restarted', 'nowhere'))
      await first.stop()
      execFileSync(process.execPath, [FILL, clusterPaths(folder, CLUSTER).store, 'default', 'restarted', String(PODS)])
      const again = await startSkiff(API_ALONE, folder)
      try {
        const ready = anonymousMb(again.pids())
        const page = await read(again, `${POD}?limit=500`)
        const all = await read(again, POD)
        note(
          `ready with ${ready.toFixed(0)} MB; the first page after ${page.totalMs.toFixed(0)} ms; all ${(all.bytes / 1e6).toFixed(0)} MB ` +
            `of pods in ${(all.totalMs / 1000).toFixed(2)} s, then ${anonymousMb(again.pids()).toFixed(0)} MB`,
        )
        return again.readyMs / 1000
      } finally {
        await again.stop()
      }
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  },
}

const DEFAULT_ACCOUNT = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'default' } }

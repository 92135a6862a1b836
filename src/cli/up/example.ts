import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { deployments } from '../../api/apps/v1/deployment.ts'
import { jobs } from '../../api/batch/v1/job.ts'
import { applyManifests } from '../../client/apply-set/apply.ts'
import { parseManifests } from '../../client/apply-set/parse.ts'
import type { ImageTarget } from '../../host/image/import.ts'
import { UserError, messageOf } from '../../host/user-error.ts'
import type { CliContext } from '../context.ts'
import type { Progress } from '../progress.ts'
import { loadExampleImages } from './example-images.ts'
import type { Attempt, WaitOptions } from './wait.ts'
import { waitFor } from './wait.ts'

const NAMESPACE = 'board'
const ADDRESS = 'http://127.0.0.1:30080/'

/** Runs the example application of the package and waits until it is there. Without `target`, pods are simulated. */
export async function runExample(
  context: CliContext,
  progress: Progress,
  options: WaitOptions & { readonly target: ImageTarget | undefined },
): Promise<void> {
  const folder = join(context.packageFolder, 'examples/app')
  const { target } = options
  if (target) {
    await progress.step('images', async (note) => {
      note('building the images of the example')
      return `${(await loadExampleImages(join(folder, 'images'), target)).join(', ')} are loaded`
    })
  }
  await apply(options, join(folder, 'manifests'))
  await waitFor(context, progress, options, 'example', () => lookAtPods(options))
  if (target) await waitFor(context, progress, options, 'example', lookFromOutside)
}

/** Applies the example's manifests; nothing of it is ever removed by us. */
async function apply({ api }: WaitOptions, folder: string): Promise<void> {
  const files = readdirSync(folder).sort()
  const objects = files.flatMap((file) => parseManifests(readFileSync(join(folder, file), 'utf8')))
  const inventory = { read: () => Promise.resolve([]), write: () => Promise.resolve() }
  const { problems } = await applyManifests({ ...api, objects, inventory, prune: false })
  if (problems.length > 0) throw new UserError('the example could not be applied', { hints: problems })
}

async function lookAtPods({ api: { client } }: WaitOptions): Promise<Attempt> {
  for (const name of ['store', 'web']) {
    const { spec, status } = await client(deployments).get(`${NAMESPACE}/${name}`)
    const available = status?.availableReplicas ?? 0
    if (available < (spec.replicas ?? 1))
      return { notYet: `${name} has ${available} of ${spec.replicas} pods available` }
  }
  const job = await client(jobs).get(`${NAMESPACE}/first-notice`)
  return (job.status?.succeeded ?? 0) > 0 ? { done: 'its pods run' } : { notYet: 'its Job has not succeeded yet' }
}

async function lookFromOutside(): Promise<Attempt> {
  try {
    const answer = await fetch(ADDRESS, { signal: AbortSignal.timeout(2000) })
    const [greeting = ''] = (await answer.text()).split('\n')
    return answer.ok
      ? { done: `${ADDRESS} says ${greeting.replace(/ \(.*/, '')}` }
      : { notYet: `it answers ${answer.status}` }
  } catch (error) {
    return { notYet: `${ADDRESS} does not answer (${messageOf(error)})` }
  }
}

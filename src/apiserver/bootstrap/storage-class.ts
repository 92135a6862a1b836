import type { Send } from './rbac/bootstrap-rbac.ts'

const CLASSES = '/apis/storage.k8s.io/v1/storageclasses'
const ADDONS = '/api/v1/namespaces/kube-system/configmaps'
/** Says which objects were made that administrators may change and delete. */
const RECORD = 'skiff-addons'

/** The class of claims that name none. Its volumes are folders of the node that the claim's first pod runs on. */
const STANDARD = {
  metadata: { name: 'standard', annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' } },
  provisioner: 'skiff.dev/local',
  reclaimPolicy: 'Delete',
  volumeBindingMode: 'WaitForFirstConsumer',
}

/**
 * Makes the default StorageClass once in a cluster's life. What an administrator does with it then stays done, be it that it is deleted: another
 * default may have taken its place.
 */
export async function ensureStorageClass(send: Send): Promise<void> {
  const record = await send('GET', `${ADDONS}/${RECORD}`)
  if (record.status < 300 && (record.body as { data?: Record<string, string> }).data?.['storageclass'] !== undefined)
    return
  check(await send('POST', CLASSES, STANDARD), 409)
  const data = { storageclass: STANDARD.metadata.name }
  const metadata = { name: RECORD, namespace: 'kube-system' }
  const created = await send('POST', ADDONS, { metadata, data })
  if (created.status !== 409) check(created)
  else if (record.status < 300) check(await send('PUT', `${ADDONS}/${RECORD}`, { ...(record.body as object), data }))
}

function check({ status, body }: Awaited<ReturnType<Send>>, fine?: number): void {
  if (status < 300 || status === fine) return
  throw new Error(`cannot prepare the default StorageClass: ${(body as { message?: string }).message ?? status}`)
}

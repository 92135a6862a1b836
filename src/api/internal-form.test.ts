import assert from 'node:assert/strict'
import { test } from 'node:test'
import { difference, fromInternalForm, internalForm } from './internal-form.ts'

const core = 'io.k8s.api.core.v1'

test('upstream’s own form has all fields, under Go’s names and in Go’s order', () => {
  assert.equal(
    JSON.stringify(internalForm(`${core}.ObjectReference`, { kind: 'Pod', name: 'a', uid: 'u' })),
    '{"Kind":"Pod","Namespace":"","Name":"a","UID":"u","APIVersion":"","ResourceVersion":"","FieldPath":""}',
  )
  assert.equal(
    JSON.stringify(internalForm(`${core}.SecurityContext`, { privileged: true })),
    '{"Capabilities":null,"Privileged":true,"SELinuxOptions":null,"WindowsOptions":null,"RunAsUser":null,"RunAsGroup":null,"RunAsNonRoot":null,"ReadOnlyRootFilesystem":null,"AllowPrivilegeEscalation":null,"ProcMount":null,"SeccompProfile":null,"AppArmorProfile":null}',
  )
  assert.equal(internalForm(`${core}.PodSpec`, undefined), undefined)
})

test('metadata is inlined, and what a pod shares with its host is in its security context', () => {
  const template = { metadata: { labels: { a: 'b' } }, spec: { containers: [], hostPID: true, securityContext: {} } }
  const form = internalForm(`${core}.PodTemplateSpec`, template) as {
    labels: unknown
    Spec: { SecurityContext: Record<string, unknown> }
  }
  assert.deepEqual(Object.keys(form), ['labels', 'Spec'])
  assert.deepEqual(Object.entries(form.Spec.SecurityContext).slice(0, 4), [
    ['HostNetwork', false],
    ['HostPID', true],
    ['HostIPC', false],
    ['ShareProcessNamespace', null],
  ])
})

test('a difference is the one upstream prints', () => {
  const before = { hostPath: { path: '/x', type: 'Directory' } }
  assert.equal(
    difference(`${core}.PersistentVolumeSource`, before, {}),
    [
      '@@ -1,10 +1,7 @@',
      ' {',
      '  "GCEPersistentDisk": null,',
      '  "AWSElasticBlockStore": null,',
      '- "HostPath": {',
      '-  "Path": "/x",',
      '-  "Type": "Directory"',
      '- },',
      '+ "HostPath": null,',
      '  "Glusterfs": null,',
      '  "NFS": null,',
      '  "RBD": null,',
      '',
    ].join('\n'),
  )
})

test('the form is read back whatever the case of its names', () => {
  const behavior = { scaleUp: { policies: [{ type: 'Pods', value: 1, periodSeconds: 15 }], selectPolicy: 'Max' } }
  const model = 'io.k8s.api.autoscaling.v2.HorizontalPodAutoscalerBehavior'
  assert.deepEqual(fromInternalForm(model, internalForm(model, behavior)), behavior)
  assert.deepEqual(fromInternalForm(model, { scaleup: { POLICIES: [] }, unknown: 1 }), { scaleUp: { policies: [] } })
})

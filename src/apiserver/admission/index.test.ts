import assert from 'node:assert/strict'
import { test } from 'node:test'
import { admissionProblems, pluginNames } from './index.ts'

/** kube-apiserver's list in v1.36 (plugins.go), in its order; an asterisk is on by default. */
const UPSTREAM = `
AlwaysAdmit NamespaceAutoProvision NamespaceLifecycle* NamespaceExists LimitPodHardAntiAffinityTopology LimitRanger* ServiceAccount*
NodeRestriction TaintNodesByCondition* AlwaysPullImages ImagePolicyWebhook PodSecurity* PodNodeSelector Priority* DefaultTolerationSeconds*
PodTolerationRestriction EventRateLimit ExtendedResourceToleration DefaultStorageClass* StorageObjectInUseProtection* PodGroupProtection*
OwnerReferencesPermissionEnforcement PersistentVolumeClaimResize* RuntimeClass* CertificateApproval* CertificateSigning*
ClusterTrustBundleAttest* CertificateSubjectRestriction* DefaultIngressClass* DenyServiceExternalIPs PodTopologyLabels*
PodGroupWorkloadExists* NodeDeclaredFeatureValidator* JobValidation* PodResizeValidator* MutatingAdmissionPolicy* MutatingAdmissionWebhook*
ValidatingAdmissionPolicy* ValidatingAdmissionWebhook* ResourceQuota* AlwaysDeny`
  .trim()
  .split(/\s+/)
const ALL = UPSTREAM.map((name) => name.replace('*', ''))

test("every plugin of upstream's is known, in its order, and the default ones are its own and NodeRestriction", () => {
  assert.deepEqual(pluginNames({ enable: ALL }), ALL)
  const defaults = UPSTREAM.filter((name) => name.endsWith('*') || name === 'NodeRestriction')
  assert.deepEqual(
    pluginNames({}),
    defaults.map((name) => name.replace('*', '')),
  )
})

test('plugins are switched on and off, whatever the order', () => {
  const names = pluginNames({ enable: ['AlwaysPullImages', 'AlwaysAdmit'], disable: ['NodeRestriction'] })
  assert.equal(names[0], 'AlwaysAdmit')
  assert.ok(names.includes('AlwaysPullImages') && !names.includes('NodeRestriction'))
})

test('names that nobody has, and those that are on both lists, are told', () => {
  const enable = ['Foo', 'Bar', 'AlwaysDeny', 'AlwaysAdmit']
  assert.deepEqual(
    [...admissionProblems({ enable, disable: ['Baz', 'AlwaysDeny', 'AlwaysAdmit'] })],
    [
      'enable-admission-plugins plugin "Foo" is unknown',
      'enable-admission-plugins plugin "Bar" is unknown',
      'disable-admission-plugins plugin "Baz" is unknown',
      '[AlwaysAdmit AlwaysDeny] in enable-admission-plugins and disable-admission-plugins overlapped',
    ],
  )
})

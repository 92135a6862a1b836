import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { ApiFlagValues } from '../../../cli/api-flags/values.ts'
import type { AdmissionConfig } from '../../../apiserver/admission/config.ts'
import { admissionConfig } from './admission.ts'

const folder = mkdtempSync(join(tmpdir(), 'admission-config-'))
after(() => rmSync(folder, { recursive: true }))

function written(name: string, text: string): string {
  const file = join(folder, name)
  writeFileSync(file, text)
  return file
}

/** With a file that tells plugins what stands in `plugins`. */
function told(plugins: string, enable: string, head = 'kind: AdmissionConfiguration\n'): AdmissionConfig {
  const file = written('admission.yaml', `apiVersion: apiserver.config.k8s.io/v1\n${head}plugins:\n${plugins}`)
  return admissionConfig(
    new ApiFlagValues({ 'admission-control-config-file': [file], 'enable-admission-plugins': [enable] }),
  )
}

const inline = (name: string, configuration: string): string => `- name: ${name}\n  configuration: ${configuration}\n`
const LIMITS = '{apiVersion: eventratelimit.admission.k8s.io/v1alpha1, kind: Configuration, later: 1, limits: [LIMIT]}'
const SECURITY = '{apiVersion: pod-security.admission.config.k8s.io/v1, kind: PodSecurityConfiguration, MORE}'

test('plugins are told what the file says, in it or in a file beside it', () => {
  const limits = inline('EventRateLimit', LIMITS.replace('LIMIT', '{type: Server, qps: 1, burst: 2}'))
  written(
    'security.yaml',
    'apiVersion: pod-security.admission.config.k8s.io/v1beta1\nkind: PodSecurityConfiguration\ndefaults: {enforce: baseline, enforce-version: v1.30}\nexemptions: {usernames: [bob]}\n',
  )
  const selectors = inline('PodNodeSelector', '{podNodeSelectorPluginConfig: {clusterDefaultNodeSelector: a=b}}')
  const tolerations = inline(
    'PodTolerationRestriction',
    '{apiVersion: podtolerationrestriction.admission.k8s.io/v1alpha1, kind: Configuration, default: [{key: a, operator: Exists}]}',
  )
  const config = told(
    `${limits}- name: PodSecurity\n  path: security.yaml\n${selectors}${tolerations}- name: Unknown\n  path: nowhere\n`,
    'EventRateLimit,PodNodeSelector,PodTolerationRestriction',
  )
  assert.deepEqual(config.eventRateLimit, [{ type: 'Server', qps: 1, burst: 2 }])
  assert.deepEqual(config.podSecurity?.defaults.enforce, { level: 'baseline', minor: 30 })
  assert.deepEqual(config.podSecurity?.exemptions.usernames, ['bob'])
  assert.deepEqual(config.podNodeSelector, { clusterDefaultNodeSelector: 'a=b' })
  assert.deepEqual(config.podTolerationRestriction?.default, [{ key: 'a', operator: 'Exists' }])
})

test('a file of the old form is for the plugins that had one', () => {
  const file = written('old.yaml', 'podNodeSelectorPluginConfig: {one: a=b}\n')
  const flags = { 'admission-control-config-file': [file], 'enable-admission-plugins': ['PodNodeSelector'] }
  assert.deepEqual(admissionConfig(new ApiFlagValues(flags)).podNodeSelector, { one: 'a=b' })
})

test('how long pods stay on failing nodes', () => {
  const config = admissionConfig(new ApiFlagValues({ 'default-not-ready-toleration-seconds': ['7'] }))
  assert.deepEqual([config.notReadyTolerationSeconds, config.unreachableTolerationSeconds], [7, 300])
})

test('what cannot be is refused before anything starts', async (t) => {
  const init = (name: string): string => `failed to apply admission: couldn't init admission plugin "${name}": `
  const cases: readonly [name: string, plugins: string, enable: string, message: string][] = [
    ['unknown name', '', 'Foo', 'enable-admission-plugins plugin "Foo" is unknown'],
    [
      'unknown field',
      '- name: Foo\n  paths: x\n',
      '',
      'failed to apply admission: failed to read plugin config: strict decoding error: unknown field "plugins[0].paths"',
    ],
    ['no limits', '', 'EventRateLimit', `${init('EventRateLimit')}limits: Invalid value: null: must not be empty`],
    [
      'a bad limit',
      inline('EventRateLimit', LIMITS.replace('LIMIT', '{type: Server, qps: 0, burst: 1}')),
      'EventRateLimit',
      `${init('EventRateLimit')}limits[0].qps: Invalid value: 0: must be positive`,
    ],
    [
      'another version',
      inline('EventRateLimit', LIMITS.replace('v1alpha1', 'v1')),
      'EventRateLimit',
      `${init('EventRateLimit')}no kind "Configuration" is registered for version "eventratelimit.admission.k8s.io/v1" in scheme "pkg/runtime/scheme.go:111"`,
    ],
    [
      'bad tolerations',
      inline(
        'PodTolerationRestriction',
        '{apiVersion: podtolerationrestriction.admission.k8s.io/v1alpha1, kind: Configuration, whitelist: [{key: a, effect: Foo}]}',
      ),
      'PodTolerationRestriction',
      `${init('PodTolerationRestriction')}invalid config: [podtolerationrestriction.whitelist[0].effect: Unsupported value: "Foo": supported values: "NoSchedule", "PreferNoSchedule", "NoExecute"]`,
    ],
    [
      'bad levels',
      inline('PodSecurity', SECURITY.replace('MORE', 'defaults: {enforce: foo, enforce-version: x}')),
      '',
      'failed to apply admission: failed to initialize admission plugin "PodSecurity": PodSecurity configuration error: [enforce: must be one of privileged, baseline, restricted, enforce-version: must be "latest" or "v1.x"]',
    ],
    [
      'the same exemption twice',
      inline('PodSecurity', SECURITY.replace('MORE', 'exemptions: {usernames: [a, a, ""]}')),
      '',
      'failed to apply admission: failed to initialize admission plugin "PodSecurity": PodSecurity invalid: [exemptions.usernames[1]: Duplicate value: "a", exemptions.usernames[2]: Invalid value: "": username must not be empty]',
    ],
    [
      'unknown field of a plugin',
      inline('PodSecurity', SECURITY.replace('MORE', 'default: {}')),
      '',
      `${init('PodSecurity')}strict decoding error: unknown field "default"`,
    ],
  ]
  for (const [name, plugins, enable, message] of cases)
    await t.test(name, () => assert.throws(() => told(plugins, enable), { name: 'UserError', message }))
  await t.test('no file', () => {
    const file = join(folder, 'none.yaml')
    assert.throws(() => admissionConfig(new ApiFlagValues({ 'admission-control-config-file': [file] })), {
      message: `failed to apply admission: failed to read plugin config: unable to read admission control configuration from "${file}" [open ${file}: no such file or directory]`,
    })
  })
  await t.test('no file beside it', () => {
    const plugins = '- name: PodSecurity\n  path: none.yaml\n'
    assert.throws(
      () => told(plugins, ''),
      /Couldn't open admission plugin configuration .*none.yaml: open .*no such file/,
    )
  })
})

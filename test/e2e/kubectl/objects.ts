import assert from 'node:assert/strict'
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { eventually } from '../eventually.ts'
import type { Kubectl } from './kubectl.ts'

/** What the cases of this folder work with. */
export interface Bench {
  readonly kubectl: Kubectl
  /** A folder for files. */
  readonly folder: string
  readonly image: string
}

const configMap = (name: string, data: Record<string, string>): object => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name },
  data,
})

/** Commands that read and write objects and start nothing. */
export function objectCases(bench: () => Bench): void {
  test('apply makes, changes, prunes fields and says unchanged', async () => {
    const { kubectl } = bench()
    const apply = (data: Record<string, string>): Promise<string> =>
      kubectl.feed(configMap('applied', data), 'apply', '-f', '-')
    assert.equal(await apply({ a: '1', b: '2' }), 'configmap/applied created\n')
    assert.equal(await apply({ a: '1', b: '2' }), 'configmap/applied unchanged\n')
    assert.equal(await apply({ a: '3' }), 'configmap/applied configured\n')
    assert.equal(await kubectl.value('{.data}', 'get', 'cm', 'applied'), '{"a":"3"}')
    assert.match(await kubectl.ok('apply', 'view-last-applied', 'cm/applied'), /a: "3"/)
  })

  test('diff shows what would change, and changes nothing', async () => {
    const { kubectl } = bench()
    await kubectl.feed(configMap('different', { a: '1' }), 'apply', '-f', '-')
    const input = JSON.stringify(configMap('different', { a: '2' }))
    const { code, out } = await kubectl.run(['diff', '-f', '-'], { input })
    assert.equal(code, 1)
    assert.match(out, /-\s+a: "1"\n\+\s+a: "2"/)
    assert.equal(await kubectl.value('{.data.a}', 'get', 'cm', 'different'), '1')
    assert.equal((await kubectl.run(['diff', '-f', '-'], { input: input.replace('"2"', '"1"') })).code, 0)
  })

  test('server-side apply keeps owners apart', async () => {
    const { kubectl } = bench()
    const apply = (manager: string, ...flags: string[]): string[] => [
      'apply',
      '--server-side',
      `--field-manager=${manager}`,
      ...flags,
      '-f',
      '-',
    ]
    const first = await kubectl.feed(configMap('owned', { a: '1' }), ...apply('one'))
    assert.equal(first, 'configmap/owned serverside-applied\n')
    const input = JSON.stringify(configMap('owned', { a: '2' }))
    const conflict = await kubectl.refused(apply('two'), { input })
    assert.match(conflict, /Apply failed with 1 conflict: conflict with "one": \.data\.a/)
    await kubectl.feed(input, ...apply('two', '--force-conflicts'))
    const managers = await kubectl.value(
      '{.metadata.managedFields[*].manager}',
      'get',
      'cm',
      'owned',
      '--show-managed-fields',
    )
    assert.equal(managers, 'two')
  })

  test('--dry-run=server validates and stores nothing', async () => {
    const { kubectl } = bench()
    const made = await kubectl.ok('create', 'configmap', 'dry', '--from-literal=a=b', '--dry-run=server')
    assert.equal(made, 'configmap/dry created (server dry run)\n')
    assert.match(await kubectl.refused(['get', 'cm', 'dry']), /configmaps "dry" not found/)
    const bad = ['create', 'deployment', 'Bad_Name', '--image=x', '--dry-run=server']
    assert.match(
      await kubectl.refused(bad),
      /metadata\.name: Invalid value: "Bad_Name": a lowercase RFC 1123 subdomain/,
    )
  })

  test('unknown fields: strict refuses, warn says so, ignore does not', async () => {
    const { kubectl } = bench()
    const odd = { ...configMap('odd', {}), colour: 'blue' }
    const create = (how: string): string[] => ['create', `--validate=${how}`, '-f', '-']
    const input = JSON.stringify(odd)
    assert.match(await kubectl.refused(create('strict'), { input }), /unknown field "colour"/)
    const warned = await kubectl.run(create('warn'), { input })
    assert.match(warned.err, /Warning: unknown field "colour"/)
    assert.equal(warned.code, 0)
    await kubectl.ok('delete', 'cm', 'odd')
    const ignored = await kubectl.run(create('ignore'), { input })
    assert.deepEqual([ignored.code, ignored.err], [0, ''])
  })

  test('create makes each kind that it has a word for', async () => {
    const { kubectl, folder, image } = bench()
    const create = (...args: string[]): Promise<string> => kubectl.ok('create', ...args)
    writeFileSync(join(folder, 'settings.txt'), 'colour=blue\n')
    await create('configmap', 'made', `--from-file=${join(folder, 'settings.txt')}`)
    assert.equal(await kubectl.value('{.data.settings\\.txt}', 'get', 'cm', 'made'), 'colour=blue\n')
    await create('secret', 'generic', 'made', '--from-literal=user=me')
    assert.equal(await kubectl.value('{.data.user}', 'get', 'secret', 'made'), 'bWU=')
    await create('secret', 'docker-registry', 'pull', '--docker-username=u', '--docker-password=p')
    assert.equal(await kubectl.value('{.type}', 'get', 'secret', 'pull'), 'kubernetes.io/dockerconfigjson')
    await create('serviceaccount', 'made')
    await create('role', 'reader', '--verb=get,list', '--resource=pods')
    await create('rolebinding', 'reader', '--role=reader', `--serviceaccount=${kubectl.target.namespace}:made`)
    await create('service', 'clusterip', 'made', '--tcp=80:8080')
    assert.match(await kubectl.value('{.spec.clusterIP}', 'get', 'svc', 'made'), /^10\./)
    await create('service', 'externalname', 'outside', '--external-name=example.com')
    await create('ingress', 'made', '--rule=example.com/=made:80')
    await create('quota', 'made', '--hard=secrets=50')
    await create('poddisruptionbudget', 'made', '--selector=app=none', '--min-available=1')
    await create('priorityclass', `made-${kubectl.target.namespace}`, '--value=10')
    await create('cronjob', 'made', `--image=${image}`, '--schedule=0 0 1 1 *')
    const all = await kubectl.ok('get', 'cm,secret,sa,role,rolebinding,svc,ing,quota,pdb,cj', '-o', 'name')
    for (const kind of [
      'role.rbac.authorization.k8s.io/reader',
      'ingress.networking.k8s.io/made',
      'cronjob.batch/made',
    ]) {
      assert.ok(all.split('\n').includes(kind), `${kind} is not in ${all}`)
    }
    await kubectl.ok('delete', 'priorityclass', `made-${kubectl.target.namespace}`)
  })

  test('create token gives one that the API takes', async () => {
    const { kubectl, folder } = bench()
    await kubectl.ok('create', 'serviceaccount', 'walker')
    const token = (await kubectl.ok('create', 'token', 'walker', '--duration=10m')).trim()
    const bare = join(folder, 'bare-kubeconfig')
    writeFileSync(bare, await kubectl.ok('config', 'view', '--raw', '--minify', '-o', 'json'))
    await kubectl.ok('config', 'set-credentials', 'walker', `--token=${token}`, `--kubeconfig=${bare}`)
    const who = await kubectl.ok('auth', 'whoami', `--kubeconfig=${bare}`, '--user=walker', '-o', 'json')
    const { status } = JSON.parse(who) as { status: { userInfo: { username: string; groups: string[] } } }
    assert.equal(status.userInfo.username, `system:serviceaccount:${kubectl.target.namespace}:walker`)
    assert.ok(status.userInfo.groups.includes('system:serviceaccounts'))
  })

  test('auth can-i answers by the roles there are', async () => {
    const { kubectl } = bench()
    await kubectl.ok('create', 'serviceaccount', 'lister')
    await kubectl.ok('create', 'role', 'lister', '--verb=list', '--resource=pods')
    const account = `${kubectl.target.namespace}:lister`
    await kubectl.ok('create', 'rolebinding', 'lister', '--role=lister', `--serviceaccount=${account}`)
    const as = `--as=system:serviceaccount:${account}`
    await eventually(async () => assert.equal(await kubectl.ok('auth', 'can-i', 'list', 'pods', as), 'yes\n'))
    const { code, out } = await kubectl.run(['auth', 'can-i', 'delete', 'pods', as])
    assert.deepEqual([code, out], [1, 'no\n'])
    assert.match(await kubectl.ok('auth', 'can-i', '--list', as), /pods +\[\] +\[\] +\[list\]/)
    assert.equal(await kubectl.ok('auth', 'can-i', '*', '*'), 'yes\n')
    assert.match(
      await kubectl.refused(['get', 'secrets', as]),
      /secrets is forbidden: User "system:serviceaccount:\S+" cannot list resource "secrets" in API group ""/,
    )
  })

  test('get prints what it is asked for', async () => {
    const { kubectl } = bench()
    await kubectl.feed(configMap('shown', { a: '1' }), 'create', '-f', '-')
    await kubectl.ok('label', 'cm', 'shown', 'tier=front')
    const get = (...args: string[]): Promise<string> => kubectl.ok('get', 'cm', 'shown', ...args)
    assert.match(await get(), /^NAME +DATA +AGE\nshown +1 +\d+s\n$/)
    assert.match(await get('-o', 'wide', '--show-labels'), /LABELS\nshown .* tier=front\n/)
    assert.equal(await get('-o', 'name'), 'configmap/shown\n')
    assert.match(await get('-o', 'yaml'), /^apiVersion: v1\ndata:\n {2}a: "1"\nkind: ConfigMap\n/)
    assert.equal((JSON.parse(await get('-o', 'json')) as { data: { a: string } }).data.a, '1')
    assert.equal(await get('-o', 'custom-columns=N:.metadata.name,A:.data.a'), 'N       A\nshown   1\n')
    assert.equal(await get('-o', 'go-template={{.data.a}}'), '1')
    assert.equal(await get('-L', 'tier', '--no-headers').then((line) => line.trim().split(/ +/).at(-1)), 'front')
    assert.match(await kubectl.ok('get', 'cm', '-l', 'tier=front', '-o', 'name'), /^configmap\/shown\n$/)
    assert.equal(
      await kubectl.ok('get', 'cm', '--field-selector=metadata.name=shown', '-o', 'name'),
      'configmap/shown\n',
    )
    assert.match(await kubectl.ok('get', '--raw', '/version'), /"gitVersion": "v1\.36/)
  })

  test('get -w shows what happens', async () => {
    const { kubectl } = bench()
    const watch = kubectl.start(['get', 'cm', '-l', 'watched=yes', '-w', '--output-watch-events'])
    await kubectl.feed(
      { ...configMap('watched', {}), metadata: { name: 'watched', labels: { watched: 'yes' } } },
      'create',
      '-f',
      '-',
    )
    await watch.until(/ADDED +watched/)
    await kubectl.ok('patch', 'cm', 'watched', '-p', '{"data":{"a":"1"}}')
    await watch.until(/MODIFIED +watched +1/)
    await kubectl.ok('delete', 'cm', 'watched')
    await watch.until(/DELETED +watched/)
    await watch.stop()
  })

  test('label and annotate set, refuse to overwrite, and remove', async () => {
    const { kubectl } = bench()
    await kubectl.feed(configMap('marked', {}), 'create', '-f', '-')
    assert.equal(await kubectl.ok('label', 'cm/marked', 'a=1', 'b=2'), 'configmap/marked labeled\n')
    assert.match(await kubectl.refused(['label', 'cm/marked', 'a=3']), /'a' already has a value \(1\)/)
    await kubectl.ok('label', 'cm/marked', 'a=3', 'b-', '--overwrite')
    assert.equal(await kubectl.value('{.metadata.labels}', 'get', 'cm/marked'), '{"a":"3"}')
    await kubectl.ok('annotate', 'cm/marked', 'note=hello there')
    assert.equal(await kubectl.value('{.metadata.annotations.note}', 'get', 'cm/marked'), 'hello there')
    assert.match(await kubectl.refused(['label', 'cm/marked', 'a=not allowed']), /a valid label must be/)
  })

  test('patch, in its three ways', async () => {
    const { kubectl, image } = bench()
    const get = (path: string): Promise<string> => kubectl.value(path, 'get', 'deployment', 'patched')
    const patch = (type: string, body: unknown): Promise<string> =>
      kubectl.ok('patch', 'deployment', 'patched', `--type=${type}`, '-p', JSON.stringify(body))
    await kubectl.ok('create', 'deployment', 'patched', `--image=${image}`, '--replicas=0')
    const sidecar = { name: 'second', image }
    await patch('strategic', { spec: { template: { spec: { containers: [sidecar] } } } })
    assert.equal((await get('{.spec.template.spec.containers[*].name}')).split(' ').length, 2)
    await patch('merge', { spec: { template: { spec: { containers: [sidecar] } } } })
    assert.equal(await get('{.spec.template.spec.containers[*].name}'), 'second')
    await patch('json', [{ op: 'replace', path: '/spec/template/spec/containers/0/name', value: 'third' }])
    assert.equal(await get('{.spec.template.spec.containers[*].name}'), 'third')
    // Once the controller has caught up with the patches before, nobody but the patch could change it.
    await eventually(async () =>
      assert.match(await patch('merge', { metadata: { name: 'patched' } }), /patched \(no change\)/),
    )
    const scaled = [
      'patch',
      'deployment',
      'patched',
      '--subresource=scale',
      '--type=merge',
      '-p',
      '{"spec":{"replicas":2}}',
    ]
    await kubectl.ok(...scaled, '--dry-run=server')
  })

  test('edit opens an editor and stores what it leaves', async () => {
    const { kubectl, folder } = bench()
    const editor = join(folder, 'editor.sh')
    writeFileSync(editor, '#!/bin/sh\nsed -i "s/colour: blue/colour: red/" "$1"\n')
    chmodSync(editor, 0o755)
    await kubectl.feed(configMap('edited', { colour: 'blue' }), 'create', '-f', '-')
    const { out } = await kubectl.run(['edit', 'cm', 'edited'], { env: { EDITOR: editor } })
    assert.equal(out, 'configmap/edited edited\n')
    assert.equal(await kubectl.value('{.data.colour}', 'get', 'cm', 'edited'), 'red')
    const again = await kubectl.run(['edit', 'cm', 'edited'], { env: { EDITOR: editor } })
    assert.match(again.err, /Edit cancelled, no changes made/)
  })

  test('replace, and replace of what has changed meanwhile', async () => {
    const { kubectl } = bench()
    await kubectl.feed(configMap('replaced', { a: '1' }), 'create', '-f', '-')
    const old = await kubectl.ok('get', 'cm', 'replaced', '-o', 'json')
    assert.equal(await kubectl.feed(old.replace('"1"', '"2"'), 'replace', '-f', '-'), 'configmap/replaced replaced\n')
    const conflict = await kubectl.refused(['replace', '-f', '-'], { input: old })
    assert.match(
      conflict,
      /the object has been modified; please apply your changes to the latest version and try again/,
    )
    assert.equal(await kubectl.value('{.data.a}', 'get', 'cm', 'replaced'), '2')
    await kubectl.feed(configMap('replaced', { a: '9' }), 'replace', '--force', '-f', '-')
    assert.equal(await kubectl.value('{.data.a}', 'get', 'cm', 'replaced'), '9')
  })

  test('apply -k makes what kustomize says', async () => {
    const { kubectl, folder } = bench()
    const base = join(folder, 'kustomize')
    mkdirSync(base, { recursive: true })
    const kustomization = {
      namePrefix: 'k-',
      configMapGenerator: [{ name: 'gen', literals: ['a=1'] }],
      resources: ['cm.yaml'],
    }
    writeFileSync(join(base, 'kustomization.yaml'), JSON.stringify(kustomization))
    writeFileSync(join(base, 'cm.yaml'), JSON.stringify(configMap('plain', { b: '2' })))
    const out = await kubectl.ok('apply', '-k', base)
    assert.match(out, /configmap\/k-gen-\w+ created/)
    assert.match(out, /configmap\/k-plain created/)
    assert.match(await kubectl.ok('delete', '-k', base), /"k-plain" deleted/)
  })

  test('delete by name, label, file and all', async () => {
    const { kubectl } = bench()
    for (const name of ['gone-1', 'gone-2', 'gone-3']) await kubectl.ok('create', 'cm', name)
    await kubectl.ok('label', 'cm', 'gone-1', 'gone-2', 'going=yes')
    const out = await kubectl.ok('delete', 'cm', '-l', 'going=yes')
    assert.match(out, /"gone-1" deleted.*\n.*"gone-2" deleted/)
    await kubectl.feed(configMap('gone-3', {}), 'delete', '-f', '-')
    assert.equal(await kubectl.ok('delete', 'cm', 'gone-3', '--ignore-not-found'), '')
    assert.match(await kubectl.refused(['delete', 'cm', 'gone-3']), /configmaps "gone-3" not found/)
  })

  test('a namespace goes with all that is in it', async () => {
    const { kubectl } = bench()
    const name = `${kubectl.target.namespace}-going`
    await kubectl.ok('create', 'namespace', name)
    await kubectl.ok('create', 'cm', 'inside', '-n', name)
    await kubectl.ok('delete', 'namespace', name, '--timeout=60s')
    assert.match(await kubectl.refused(['get', 'namespace', name]), /namespaces "\S+" not found/)
  })

  test('wait for a condition, a value, creation and deletion', async () => {
    const { kubectl } = bench()
    const created = kubectl.run(['wait', '--for=create', 'cm/awaited', '--timeout=20s'])
    await kubectl.feed(configMap('awaited', { state: 'new' }), 'create', '-f', '-')
    assert.equal((await created).code, 0)
    const changed = kubectl.run(['wait', '--for=jsonpath={.data.state}=old', 'cm/awaited', '--timeout=20s'])
    await kubectl.ok('patch', 'cm', 'awaited', '-p', '{"data":{"state":"old"}}')
    assert.equal((await changed).code, 0)
    const deleted = kubectl.run(['wait', '--for=delete', 'cm/awaited', '--timeout=20s'])
    await kubectl.ok('delete', 'cm', 'awaited')
    assert.equal((await deleted).code, 0)
    assert.match(
      await kubectl.refused(['wait', '--for=condition=Ready', 'cm', '--all', '--timeout=100ms']),
      /timed out|no matching/,
    )
  })

  test('describe tells of an object and what it is made of', async () => {
    const { kubectl } = bench()
    await kubectl.feed(configMap('told', { a: 'first line' }), 'create', '-f', '-')
    assert.match(await kubectl.ok('describe', 'cm', 'told'), /Name: +told\n[^]*Data\n====\na:\n----\nfirst line/)
    assert.match(await kubectl.ok('describe', 'node'), /Allocatable:[^]*Non-terminated Pods:/)
    assert.match(await kubectl.ok('describe', 'namespace', 'default'), /Status: +Active/)
    assert.match(await kubectl.ok('describe', 'clusterrole', 'view'), /configmaps +\[\] +\[\] +\[get list watch\]/)
  })

  test('explain, api-resources and api-versions know every kind', async () => {
    const { kubectl } = bench()
    assert.match(
      await kubectl.ok('explain', 'pod.spec.containers.image'),
      /KIND: +Pod\nVERSION: +v1\n\nFIELD: image <string>[^]*Container image name/,
    )
    assert.match(await kubectl.ok('explain', 'deployment', '--recursive'), /GROUP: +apps[^]*maxSurge\s+<IntOrString>/)
    const resources = await kubectl.ok('api-resources', '--no-headers')
    for (const line of [/^pods +po +v1 +true +Pod$/m, /^deployments +deploy +apps\/v1 +true +Deployment$/m]) {
      assert.match(resources, line)
    }
    assert.match(
      await kubectl.ok('api-resources', '--api-group=batch', '-o', 'name'),
      /^cronjobs\.batch\njobs\.batch\n$/,
    )
    assert.match(await kubectl.ok('api-versions'), /^apps\/v1\n[^]*\nv1\n$/m)
  })

  test('cluster-info, version and config say where one is', async () => {
    const { kubectl } = bench()
    assert.match(await kubectl.ok('cluster-info'), /control plane.* is running at .*https:\/\/127\.0\.0\.1:/)
    assert.match(await kubectl.ok('version'), /Server Version: v1\.36\.\d+/)
    assert.match(await kubectl.ok('config', 'current-context'), /^skiff-e2e/)
  })

  test('proxy lets a plain client in', async () => {
    const { kubectl } = bench()
    const proxy = kubectl.start(['proxy', '--port=0'])
    const address = /127\.0\.0\.1:\d+/.exec(await proxy.until(/Starting to serve on 127\.0\.0\.1:\d+/))?.[0] ?? ''
    const answer = await fetch(`http://${address}/api/v1/namespaces/default`)
    assert.equal(((await answer.json()) as { metadata: { name: string } }).metadata.name, 'default')
    await proxy.stop()
  })

  test('a custom resource is a resource like any other', async () => {
    const { kubectl } = bench()
    const group = `${kubectl.target.namespace}.example.com`
    await kubectl.feed(boatDefinition(group), 'create', '-f', '-')
    await kubectl.ok('wait', '--for=condition=Established', `crd/boats.${group}`, '--timeout=20s')
    const boat = { apiVersion: `${group}/v1`, kind: 'Boat', metadata: { name: 'dinghy' }, spec: { length: 3 } }
    await eventually(() => kubectl.feed(boat, 'apply', '-f', '-'))
    assert.match(await kubectl.ok('get', `boats.${group}`), /NAME +LENGTH\ndinghy +3\n/)
    const input = JSON.stringify({ ...boat, spec: { length: 0 } })
    const refused = await kubectl.refused(['apply', '-f', '-'], { input })
    assert.match(refused, /spec\.length: Invalid value: 0: spec\.length in body should be greater than or equal to 1/)
    await eventually(async () => assert.match(await kubectl.ok('explain', `boats.${group}.spec`), /length\s+<integer>/))
    await kubectl.ok('delete', 'crd', `boats.${group}`)
  })
}

function boatDefinition(group: string): object {
  const spec = { type: 'object', properties: { length: { type: 'integer', minimum: 1 } } }
  const openAPIV3Schema = { type: 'object', properties: { spec } }
  const additionalPrinterColumns = [{ name: 'Length', type: 'integer', jsonPath: '.spec.length' }]
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `boats.${group}` },
    spec: {
      group,
      scope: 'Namespaced',
      names: { plural: 'boats', singular: 'boat', kind: 'Boat' },
      versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema }, additionalPrinterColumns }],
    },
  }
}

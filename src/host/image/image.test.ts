import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { UserError } from '../user-error.ts'
import { readArchive } from './archive.ts'
import type { ImageConfig } from './build.ts'
import { buildImage } from './build.ts'
import { normalizeImageName } from './name.ts'

const scratch = mkdtempSync(join(tmpdir(), 'skiff-image-test-'))
after(() => rmSync(scratch, { recursive: true }))

const LONG = 'a-folder-with-a-name-that-is-so-long/'.repeat(4)

function rootfs(name: string): string {
  const root = join(scratch, name)
  mkdirSync(join(root, LONG), { recursive: true })
  mkdirSync(join(root, 'tmp'))
  chmodSync(join(root, 'tmp'), 0o1777)
  writeFileSync(join(root, LONG, 'file'), 'deep')
  writeFileSync(join(root, 'run'), 'x'.repeat(100_000), { mode: 0o755 })
  symlinkSync('../run', join(root, 'tmp', 'link'))
  return root
}

async function build(folder: string, output: string, config: ImageConfig = {}): Promise<string> {
  return buildImage({
    folder,
    name: 'docker.io/library/web:1',
    config,
    keepOwners: false,
    output: join(scratch, output),
  })
}

test('image names become what runtimes keep', () => {
  const cases: [string, string][] = [
    ['web', 'docker.io/library/web:latest'],
    ['web:1.2', 'docker.io/library/web:1.2'],
    ['team/web', 'docker.io/team/web:latest'],
    ['docker.io/web', 'docker.io/library/web:latest'],
    ['localhost/web:1', 'localhost/web:1'],
    ['registry:5000/a/b', 'registry:5000/a/b:latest'],
    ['ghcr.io/a/b_c:v1', 'ghcr.io/a/b_c:v1'],
  ]
  for (const [name, want] of cases) assert.equal(normalizeImageName(name), want)
  for (const bad of ['', 'Web', 'a b', 'web:', '-x', 'a//b', 'web:tag:tag']) {
    assert.throws(() => normalizeImageName(bad), UserError, bad)
  }
})

test('the same files make the same image', async () => {
  const first = await build(rootfs('one'), 'one.tar')
  assert.equal(await build(rootfs('two'), 'two.tar'), first)
  assert.deepEqual(readFileSync(join(scratch, 'one.tar')), readFileSync(join(scratch, 'two.tar')))
})

test('another tool reads what the layer holds: modes, links, long names', async () => {
  await build(rootfs('three'), 'three.tar')
  const out = join(scratch, 'unpacked')
  mkdirSync(out)
  execFileSync('tar', ['-xf', join(scratch, 'three.tar'), '-C', out])
  const layout = JSON.parse(readFileSync(join(out, 'index.json'), 'utf8')) as { manifests: [{ digest: string }] }
  const blob = (digest: string): string => join(out, 'blobs', digest.replace(':', '/'))
  const manifest = JSON.parse(readFileSync(blob(layout.manifests[0].digest), 'utf8')) as {
    layers: [{ digest: string }]
  }
  const listing = execFileSync('tar', ['-tvzf', blob(manifest.layers[0].digest)], { encoding: 'utf8' })
  assert.match(listing, /^-rwxr-xr-x 0\/0 +100000 1970-01-01 .* run$/m)
  assert.match(listing, /^drwxrwxrwt 0\/0 .* tmp\/$/m)
  assert.match(listing, /tmp\/link -> \.\.\/run$/m)
  assert.ok(listing.includes(`${LONG}file`))
})

test('the configuration says what to run', async () => {
  await build(rootfs('four'), 'four.tar', { entrypoint: ['/run'], env: ['A=b'], user: '10', ports: ['80', '53/udp'] })
  const text = readFileSync(join(scratch, 'four.tar'), 'latin1')
  assert.ok(text.includes('"Entrypoint":["/run"],"User":"10","ExposedPorts":{"80/tcp":{},"53/udp":{}}'))
  assert.ok(text.includes('"A=b"]'))
})

test('an archive tells the names of its images', async () => {
  await build(rootfs('five'), 'five.tar')
  assert.deepEqual(await readArchive(join(scratch, 'five.tar')), {
    format: 'oci',
    names: ['docker.io/library/web:1'],
    bareTags: [],
  })
})

test('docker archives and OCI layouts with only a tag are told apart', async () => {
  const write = (name: string, file: string, content: unknown): string => {
    const folder = join(scratch, name)
    mkdirSync(folder)
    writeFileSync(join(folder, file), JSON.stringify(content))
    execFileSync('tar', ['-czf', `${folder}.tgz`, '-C', folder, '.'])
    return `${folder}.tgz`
  }
  const docker = write('docker', 'manifest.json', [{ RepoTags: ['web:2'], Layers: [] }])
  assert.deepEqual(await readArchive(docker), { format: 'docker', names: ['docker.io/library/web:2'], bareTags: [] })
  const oci = write('oci', 'index.json', {
    manifests: [{ annotations: { 'org.opencontainers.image.ref.name': 'v1' } }],
  })
  assert.deepEqual(await readArchive(oci), { format: 'oci', names: [], bareTags: ['v1'] })
})

test('what is not an image archive is refused with what to do', async () => {
  const text = join(scratch, 'text')
  writeFileSync(text, 'not a tar file at all\n'.repeat(100))
  for (const file of [text, join(scratch, 'absent')]) await assert.rejects(readArchive(file), UserError)
})

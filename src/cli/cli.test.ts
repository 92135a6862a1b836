import assert from 'node:assert/strict'
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { parse } from 'yaml'
import { acquireLock } from '../host/cluster/lock.ts'
import { clusterPaths } from '../host/cluster/paths.ts'
import { writeSettings } from '../host/cluster/settings.ts'
import { EXIT, UserError } from '../host/user-error.ts'
import { VirtualClock } from '../lib/clock.ts'
import { parseWords } from './image/command.ts'
import { parseSeconds } from './flags.ts'
import { humanBytes, humanDuration, table } from './print.ts'
import { Progress } from './progress.ts'
import { runCli } from './testing/test-cli.ts'

const folder = mkdtempSync(join(tmpdir(), 'skiff-cli-'))
after(() => rmSync(folder, { recursive: true }))
const skiff = (...args: string[]) => runCli(folder, ...args)

function makeCluster(name: string, runtime: 'containerd' | 'simulated'): void {
  writeSettings(clusterPaths(folder, name).settings, {
    name,
    apiPort: 6443,
    podCidr: '10.244.0.0/16',
    serviceCidr: '10.96.0.0/16',
    clusterDomain: 'cluster.local',
    nodeName: 'box',
    nodes: 1,
    runtime,
  })
}

test('every command has a description, and examples unless it only holds others', async () => {
  const { out, code } = await skiff('--help')
  assert.equal(code, EXIT.ok)
  for (const name of ['up', 'down', 'delete', 'status', 'logs', 'kubeconfig', 'image', 'version', 'completion']) {
    assert.match(out, new RegExp(`^  ${name}\\b.*\\w{3}`, 'm'))
    const help = await skiff(name, '--help')
    assert.match(help.out, name === 'image' ? /load/ : /Examples:\n {2}\w/, name)
  }
})

test('a server that is no process of ours, but lives, is left alone', async () => {
  makeCluster('inner', 'simulated')
  const lock = await acquireLock(clusterPaths(folder, 'inner').root)
  const { err, code } = await skiff('down', '--name', 'inner', '--data-dir', folder)
  assert.equal(code, EXIT.failed)
  assert.match(
    err,
    /the server of cluster "inner" runs in another PID namespace\n.*run skiff down where it was started/,
  )
  await lock?.release()
  assert.equal((await skiff('down', '--name', 'inner', '--data-dir', folder)).code, EXIT.ok)
})

test('wrong use exits with 2 and says what is wrong', async () => {
  const cases: [string[], RegExp][] = [
    [['upp'], /unknown command 'upp'\n\(Did you mean up\?\)/],
    [['up', '--runtime', 'docker'], /Allowed choices are containerd, simulated/],
    [['up', '--api-port', '99999'], /from 1 to 65535/],
    [['up', '--timeout', 'soon'], /such as 30s/],
    [['up', '--name', 'Not_a_name'], /cannot name a cluster/],
    [['up', '--pod-cidr', '10.0.0.0/33'], /not a usable address range/],
    [['image', 'build'], /'-t, --tag <image>' not specified\n\(add --help/],
    [['image', 'build', '/nowhere', '-t', 'x'], /is not a folder/],
    [['completion', 'csh'], /Allowed choices are bash, zsh, fish/],
    [['up', '--nod'], /unknown option '--nod'\n\(Did you mean --nodes\?\)/],
    [['up', '--api-prot=6443'], /\n\(Did you mean --api-port\?\)\n$/],
    [
      ['up', '--nothing-of-the-kind=1'],
      /unknown option '--nothing-of-the-kind=1'\n\(add --help to see what can be given\)\n$/,
    ],
  ]
  for (const [args, message] of cases) {
    const { code, err } = await skiff(...args)
    assert.equal(code, EXIT.usage, args.join(' '))
    assert.match(err, message)
  }
})

test('a cluster that is not there is no mystery', async () => {
  for (const command of ['down', 'status', 'logs', 'kubeconfig']) {
    const { code, err } = await skiff(command, '--name', 'none', '--data-dir', folder)
    assert.equal(code, EXIT.failed)
    assert.match(err, /there is no cluster "none" in .*\n {2}- make it: skiff up --name none\n/)
  }
  assert.equal((await skiff('delete', '--name', 'none', '--data-dir', folder)).code, EXIT.ok)
})

test('versions are printed for people and for programs', async () => {
  assert.equal((await skiff('version')).out, 'skiff 1.2.3, Kubernetes v1.36.0, Node.js v24.0.0\n')
  assert.equal((JSON.parse((await skiff('version', '-o', 'json')).out) as { skiff: string }).skiff, '1.2.3')
  assert.equal((parse((await skiff('version', '-o', 'yaml')).out) as { skiff: string }).skiff, '1.2.3')
})

test('the status of a stopped cluster says so and exits with 5', async () => {
  makeCluster('idle', 'simulated')
  const { code, out, err } = await skiff('status', '--name', 'idle', '--data-dir', folder)
  assert.equal(code, EXIT.notRunning)
  assert.match(out, /^server +not running$/m)
  assert.match(err, /start it: skiff up --name idle/)
})

test('a stopped cluster takes no images, and simulated pods need none', async () => {
  makeCluster('real', 'containerd')
  makeCluster('idle', 'simulated')
  const real = await skiff('image', 'ls', '--name', 'real', '--data-dir', folder)
  assert.deepEqual([real.code, /does not run/.test(real.err)], [EXIT.notRunning, true])
  const idle = await skiff('image', 'ls', '--name', 'idle', '--data-dir', folder)
  assert.match(idle.err, /simulated: any image name works/)
})

test('an image can be built without a cluster', async () => {
  mkdirSync(join(folder, 'rootfs'), { recursive: true })
  const { code, out } = await skiff(
    'image',
    'build',
    join(folder, 'rootfs'),
    '-t',
    'web:1',
    '-o',
    join(folder, 'web.tar'),
  )
  assert.equal(code, EXIT.ok)
  assert.match(out, /^built docker.io\/library\/web:1 sha256:[0-9a-f]{64}\n$/)
})

test('deleting a stopped cluster removes its folder', async () => {
  makeCluster('gone', 'simulated')
  const { code } = await skiff('delete', '--name', 'gone', '--data-dir', folder)
  assert.equal(code, EXIT.ok)
  assert.equal((await skiff('status', '--name', 'gone', '--data-dir', folder)).code, EXIT.failed)
})

test('a cluster whose settings are lost can still be deleted', async () => {
  mkdirSync(join(folder, 'broken', 'store'), { recursive: true })
  const { code, err } = await skiff('delete', '--name', 'broken', '--data-dir', folder)
  assert.equal(code, EXIT.ok, err)
  assert.ok(!existsSync(join(folder, 'broken')))
})

test('completion offers commands, flags, choices and clusters', async () => {
  makeCluster('idle', 'simulated')
  const complete = async (...words: string[]): Promise<string[]> =>
    (await skiff('__complete', '--', ...words)).out.split('\n').filter(Boolean)
  assert.deepEqual(await complete('sta'), ['status'])
  assert.deepEqual(await complete('image', ''), ['load', 'build', 'ls', 'help'])
  assert.deepEqual(await complete('up', '--ru'), ['--runtime'])
  assert.deepEqual(await complete('up', '--door'), ['--door-width'])
  assert.deepEqual(await complete('up', '--runtime', ''), ['containerd', 'simulated'])
  assert.ok((await complete('down', '-n', '')).includes('idle'))
  assert.deepEqual(await complete('image', 'load', 'x.t'), [])
  assert.match((await skiff('completion', 'bash')).out, /complete -F _skiff skiff/)
})

test('times, sizes and words are read and written as people do', () => {
  assert.deepEqual(['90', '90s', '2m', '1h'].map(parseSeconds), [90, 90, 120, 3600])
  assert.deepEqual([0, 999, 1400, 12_345_678, 2e9].map(humanBytes), ['0B', '999B', '1.4kB', '12.3MB', '2.0GB'])
  assert.deepEqual([5e3, 180e3, 3 * 36e5, 5 * 864e5].map(humanDuration), ['5s', '3m', '3h', '5d'])
  assert.deepEqual(parseWords(' /bin/server  --port 80 '), ['/bin/server', '--port', '80'])
  assert.deepEqual(parseWords('["/bin/sh", "-c", "a b"]'), ['/bin/sh', '-c', 'a b'])
  assert.throws(() => parseWords('["a", 1]'), UserError)
  assert.equal(table(['A', 'LONG'], [['xyz', '1']]), 'A     LONG\nxyz   1\n')
})

test('progress tells what a slow step waits for, not what a quick one did', async () => {
  const clock = new VirtualClock()
  let text = ''
  const progress = new Progress(clock, { write: (more) => void (text += more), isTerminal: false })
  await progress.step('quick', async (note) => {
    note('nothing')
    return 'done'
  })
  assert.match(text, /^ {2}quick {7}done +0\.0s\n$/)
  const slow = progress.step('slow', async (note) => {
    note('the kettle')
    await new Promise<void>((resolve) => void clock.setTimer(resolve, 3000))
    return 'done'
  })
  await clock.advance(3000)
  await slow
  assert.match(text, /slow {8}the kettle \.\.\.\n {2}slow {8}done +3\.0s\n$/)
})

import assert from 'node:assert/strict'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { eventually } from '../eventually.ts'
import type { Kubectl } from './kubectl.ts'
import { Running } from './kubectl.ts'
import type { Bench } from './objects.ts'

/** Starts a pod of one container that runs a line of shell, and waits until it is ready. */
async function shell(kubectl: Kubectl, image: string, name: string, line: string): Promise<void> {
  const container = { name: 'main', image, command: ['sh', '-c', line] }
  const spec = { terminationGracePeriodSeconds: 0, restartPolicy: 'Never', containers: [container] }
  await kubectl.feed(
    { apiVersion: 'v1', kind: 'Pod', metadata: { name, labels: { app: name } }, spec },
    'create',
    '-f',
    '-',
  )
  await kubectl.ready(`pod/${name}`)
}

/** Commands that reach into running containers. */
export function containerCases(bench: () => Bench): void {
  test('logs: all, tail, timestamps, since, follow until the end', async () => {
    const { kubectl, image } = bench()
    const line = 'echo one; echo two; echo three; until [ -e /go ]; do sleep 0.1; done; echo four'
    await shell(kubectl, image, 'talker', line)
    const follow = kubectl.start(['logs', '-f', 'talker'])
    await follow.until(/one\ntwo\nthree\n/)
    assert.equal(await kubectl.ok('logs', 'talker', '--tail=1'), 'three\n')
    assert.match(
      await kubectl.ok('logs', 'talker', '--timestamps', '--tail=1'),
      /^\d{4}-\d\d-\d\dT[\d:.]+(Z|[+-][\d:]+) three\n$/,
    )
    assert.equal(await kubectl.ok('logs', 'talker', '--since=1h', '--limit-bytes=4'), 'one\n')
    assert.match(await kubectl.ok('logs', '-l', 'app=talker', '--prefix'), /^\[pod\/talker\/main\] one\n/)
    await kubectl.ok('exec', 'talker', '--', 'touch', '/go')
    assert.equal((await follow.ended).out, 'one\ntwo\nthree\nfour\n')
    assert.match(
      await kubectl.refused(['logs', 'talker', '-c', 'other']),
      /container other is not valid for pod talker/,
    )
    assert.match(
      await kubectl.refused(['logs', 'talker', '--previous']),
      /previous terminated container "main" in pod "talker" not found/,
    )
  })

  test('exec: output, input, exit codes, many at once', async () => {
    const { kubectl, image } = bench()
    await shell(kubectl, image, 'doer', 'sleep 1000')
    const exec = (...args: string[]): string[] => ['exec', 'doer', ...args]
    const both = await kubectl.run(exec('--', 'sh', '-c', 'echo out; echo err >&2'))
    assert.deepEqual(both, { code: 0, out: 'out\n', err: 'err\n' })
    const text = 'all of it\n'.repeat(50_000)
    assert.equal(await kubectl.feed(text, ...exec('-i', '--', 'cat')), text)
    const failed = await kubectl.run(exec('--', 'sh', '-c', 'exit 7'))
    assert.deepEqual([failed.code, failed.err], [7, 'command terminated with exit code 7\n'])
    assert.match(await kubectl.refused(exec('--', '/no/such/program')), /no such file or directory/)
    const many = await Promise.all(Array.from({ length: 8 }, (_, n) => kubectl.ok(...exec('--', 'echo', String(n)))))
    assert.deepEqual(
      many,
      Array.from({ length: 8 }, (_, n) => `${n}\n`),
    )
  })

  test('exec -it is a terminal', async () => {
    const { kubectl, image } = bench()
    await shell(kubectl, image, 'teller', 'sleep 1000')
    const terminal = inTerminal(kubectl, ['exec', '-it', 'teller', '--', 'sh'])
    await terminal.until(/# /)
    terminal.write('stty size; tty; echo $((6*7))\n')
    await terminal.until(/33 77\r?\n[^]*\/dev\/pts\/\d+\r?\n[^]*42\r?\n/)
    terminal.write('exit 3\n')
    assert.match((await terminal.ended).out, /command terminated with exit code 3/)
  })

  test('attach sees what a container says, and run -i talks to it', async () => {
    const { kubectl, image } = bench()
    await shell(kubectl, image, 'ticker', 'while sleep 0.2; do echo tick; done')
    const attached = kubectl.start(['attach', 'ticker'])
    await attached.until(/tick\ntick\n/)
    await attached.stop()
    const command = [
      'run',
      'echoer',
      `--image=${image}`,
      '-i',
      '--rm',
      '--restart=Never',
      '--quiet',
      '--command',
      '--',
      'cat',
    ]
    assert.match(await kubectl.feed('said and heard\n', ...command), /said and heard/)
    assert.match(await kubectl.refused(['get', 'pod', 'echoer']), /not found/)
  })

  test('cp brings files and folders there and back', async () => {
    const { kubectl, image, folder } = bench()
    await shell(kubectl, image, 'keeper', 'sleep 1000')
    const here = join(folder, `cp-${kubectl.version}`)
    const bytes = Buffer.from(Array.from({ length: 1_000_000 }, (_, n) => (n * n) % 251))
    mkdirSync(join(here, 'tree/sub'), { recursive: true })
    writeFileSync(join(here, 'tree/sub/bytes'), bytes)
    writeFileSync(join(here, 'tree/text'), 'hello\n')
    const copy = async (...args: string[]): Promise<void> => {
      const { code, out, err } = await kubectl.run(['cp', ...args])
      assert.equal(code, 0, err)
      assert.doesNotMatch(out + err, /exit code/)
    }
    await copy(join(here, 'tree/text'), 'keeper:/tmp/text')
    assert.equal(await kubectl.ok('exec', 'keeper', '--', 'cat', '/tmp/text'), 'hello\n')
    await copy(join(here, 'tree'), 'keeper:/tmp/tree')
    await copy('keeper:/tmp/tree', join(here, 'back'))
    assert.equal(readFileSync(join(here, 'back/text'), 'utf8'), 'hello\n')
    assert.ok(readFileSync(join(here, 'back/sub/bytes')).equals(bytes))
  })

  test('port-forward to a pod and to a Service', async () => {
    const { kubectl, image } = bench()
    await shell(kubectl, image, 'server', 'echo served >/tmp/index.html; httpd -f -p 8080 -h /tmp')
    await kubectl.ok('expose', 'pod', 'server', '--port=80', '--target-port=8080')
    for (const target of ['pod/server', 'service/server']) {
      const forward = kubectl.start(['port-forward', target, target.startsWith('pod') ? ':8080' : ':80'])
      const said = await forward.until(/Forwarding from 127\.0\.0\.1:\d+/)
      const port = /127\.0\.0\.1:(\d+)/.exec(said)?.[1]
      for (let n = 0; n < 3; n++) {
        const answer = await fetch(`http://127.0.0.1:${port}/`, { headers: { connection: 'close' } })
        assert.equal(await answer.text(), 'served\n')
      }
      await forward.stop()
    }
  })

  test('the API passes requests on to pods and Services', async () => {
    const { kubectl, image } = bench()
    await shell(kubectl, image, 'behind', 'echo behind >/tmp/index.html; httpd -f -p 8080 -h /tmp')
    await kubectl.ok('expose', 'pod', 'behind', '--port=80', '--target-port=8080')
    const base = `/api/v1/namespaces/${kubectl.target.namespace}`
    // The container runs a moment before its server listens.
    await eventually(async () =>
      assert.equal(await kubectl.ok('get', '--raw', `${base}/pods/behind:8080/proxy/`), 'behind\n'),
    )
    await eventually(async () =>
      assert.equal(await kubectl.ok('get', '--raw', `${base}/services/behind:80/proxy/`), 'behind\n'),
    )
    const node = await kubectl.value('{.spec.nodeName}', 'get', 'pod', 'behind')
    assert.match(await kubectl.ok('get', '--raw', `/api/v1/nodes/${node}/proxy/healthz`), /ok/)
  })

  test('debug: a container in a pod, a copy of a pod, and a pod on a node', async () => {
    const { kubectl, image } = bench()
    await shell(kubectl, image, 'patient', 'sleep 1000')
    const inside = [
      'debug',
      'patient',
      `--image=${image}`,
      '--target=main',
      '-c',
      'doctor',
      '--attach=false',
      '--',
      'sleep',
      '1000',
    ]
    await kubectl.ok(...inside)
    const running = '{.status.ephemeralContainerStatuses[?(@.name=="doctor")].state.running.startedAt}'
    await eventually(async () => assert.match(await kubectl.value(running, 'get', 'pod', 'patient'), /^\d{4}-/))
    const processes = await kubectl.ok('exec', 'patient', '-c', 'doctor', '--', 'ps')
    assert.match(processes, /sleep 1000[^]*sleep 1000/)
    const copy = [
      'debug',
      'patient',
      '--copy-to=twin',
      '--container=main',
      `--image=${image}`,
      '--attach=false',
      '--',
      'sh',
      '-c',
      'echo twin; sleep 1000',
    ]
    await kubectl.ok(...copy)
    await kubectl.ready('pod/twin')
    assert.equal(await kubectl.ok('logs', 'twin'), 'twin\n')
    const node = await kubectl.value('{.spec.nodeName}', 'get', 'pod', 'patient')
    await kubectl.ok(
      'debug',
      `node/${node}`,
      `--image=${image}`,
      '--profile=general',
      '--attach=false',
      '--',
      // Not all of /proc: a process that ends meanwhile would fail it.
      'ls',
      '/host/proc/meminfo',
    )
    const debugger_ = await kubectl.value('{.items[?(@.spec.hostPID==true)].metadata.name}', 'get', 'pods')
    assert.match(debugger_, new RegExp(`^node-debugger-${node}-`))
    await kubectl.ok('wait', '--for=jsonpath={.status.phase}=Succeeded', `pod/${debugger_}`, '--timeout=30s')
    assert.match(await kubectl.ok('logs', debugger_), /meminfo/)
  })

  test('delete ends a container that does not listen when its time is over', async () => {
    const { kubectl, image } = bench()
    const container = { name: 'main', image, command: ['sh', '-c', 'trap "" TERM; while :; do sleep 0.2; done'] }
    const spec = { terminationGracePeriodSeconds: 1, containers: [container] }
    await kubectl.feed({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'deaf' }, spec }, 'create', '-f', '-')
    await kubectl.ready('pod/deaf')
    const watch = kubectl.start(['get', 'pod', 'deaf', '-w'])
    await watch.until(/Running/)
    await kubectl.ok('delete', 'pod', 'deaf', '--timeout=20s')
    await watch.until(/Terminating/)
    await watch.stop()
  })
}

/** Runs kubectl in a terminal of 33 lines and 77 columns. */
function inTerminal(kubectl: Kubectl, args: readonly string[]): Running {
  const quoted = kubectl.command(args).map((word) => `'${word}'`)
  return new Running(['script', '-qefc', `stty rows 33 cols 77; ${quoted.join(' ')}`, '/dev/null'], {})
}

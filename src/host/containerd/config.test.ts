import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ContainerdConfig } from './config.ts'
import { parseVersion, renderConfig } from './config.ts'

const config = (major: number, minor: number): ContainerdConfig => ({
  version: { major, minor },
  root: '/d/root',
  state: '/d/state',
  socket: '/d/containerd.sock',
  folder: '/d',
  cniPlugins: '/usr/lib/cni',
  cniConfigs: '/d/cni',
  pauseImage: 'localhost/pause:1',
  snapshotter: 'overlayfs',
  restrictOomScore: true,
})

test('versions as Debian, upstream and Docker print them', () => {
  const cases: [string, [number, number] | undefined][] = [
    ['containerd github.com/containerd/containerd 1.6.20~ds1 1.6.20~ds1-1+deb12u3', [1, 6]],
    ['containerd containerd.io 1.7.24 88bf19b2105c8b17560993bee28a01ddc2f97182', [1, 7]],
    ['containerd github.com/containerd/containerd/v2 v2.1.4 75cb2b7', [2, 1]],
    ['containerd github.com/containerd/containerd/v2 2.1.4+ds1 2.1.4+ds1-2', [2, 1]],
    ['no version here', undefined],
  ]
  for (const [text, want] of cases) {
    assert.deepEqual(parseVersion(text), want && { major: want[0], minor: want[1] }, text)
  }
})

test('containerd 1 gets format 2 with one CRI plugin', () => {
  const text = renderConfig(config(1, 6))
  assert.match(text, /^version = 2\n/)
  assert.match(text, /\[plugins\.'io\.containerd\.grpc\.v1\.cri'\]\nsandbox_image = "localhost\/pause:1"/)
  assert.match(text, /restrict_oom_score_adj = true/)
  assert.doesNotMatch(text, /cri\.v1\.runtime/)
})

test('containerd 2 gets format 3 with the split plugins, and the name of the plugin folder that it knows', () => {
  assert.match(renderConfig(config(2, 1)), /bin_dirs = \["\/usr\/lib\/cni"\]/)
  const text = renderConfig(config(2, 0))
  assert.match(text, /^version = 3\n/)
  assert.match(text, /pinned_images\]\nsandbox = "localhost\/pause:1"/)
  assert.match(text, /bin_dir = "\/usr\/lib\/cni"/)
})

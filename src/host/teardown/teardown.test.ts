import assert from 'node:assert/strict'
import { test } from 'node:test'
import { cgroupFolders } from './cgroups.ts'
import { mountPointsBelow } from './mounts.ts'
import { tablesNamed } from './network.ts'

test('mounts go from the innermost out, those stacked on one point latest first, others stay', () => {
  const mountinfo = [
    '21 1 8:1 / / rw - ext4 /dev/sda rw',
    '22 21 0:5 / /data/a rw - tmpfs tmpfs rw',
    '23 22 0:6 / /data/a/run/x\\040y rw - overlay overlay rw',
    '24 21 0:7 / /data/ab rw - tmpfs tmpfs rw',
    '25 22 0:8 / /data/a/run rw - tmpfs tmpfs rw',
    '',
  ].join('\n')
  assert.deepEqual(mountPointsBelow(mountinfo, '/data/a'), ['/data/a/run/x y', '/data/a/run', '/data/a'])
})

test("only a cluster's own nft tables are named", () => {
  const listing = 'table ip nat\ntable ip skiff_a_pods\ntable inet skiff_a_services\ntable ip skiff_a-b_pods\n'
  assert.deepEqual(tablesNamed(listing, 'skiff_a_'), ['ip skiff_a_pods', 'inet skiff_a_services'])
})

test('a cgroup that is nowhere has no folders', () => {
  assert.deepEqual(cgroupFolders('skiff/no-such-cluster'), [])
})

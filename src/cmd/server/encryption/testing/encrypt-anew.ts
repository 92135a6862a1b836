/**
 * Makes a hundred secrets in the store of a folder, if they are not there, and replaces each by itself, round after round, with another
 * provider in each: `encrypt-anew.ts FOLDER ROUND`. A line tells of each write. It never ends by itself.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Metrics } from '../../../../apiserver/metrics/metrics.ts'
import { TestServer } from '../../../../apiserver/test-server.ts'
import { systemClock } from '../../../../lib/clock.ts'
import { silentLogger } from '../../../../lib/log.ts'
import { systemRandom } from '../../../../lib/random.ts'
import { LmdbStore } from '../../../../store/lmdb/store.ts'
import { startEncryption } from '../encryption.ts'
import { loadEncryption } from '../load.ts'
import { CANARY, configOf, KEYS } from './config.ts'

const [folder = '', round = '0'] = process.argv.slice(2)
const SECRETS = '/api/v1/namespaces/default/secrets'
const store = await LmdbStore.open({ path: folder, clock: systemClock })
const env = { clock: systemClock, random: systemRandom, log: silentLogger }

async function serverOf(name: string, providers: readonly string[]): Promise<TestServer> {
  const file = join(folder, `${name}.yaml`)
  writeFileSync(file, configOf(['secrets'], providers))
  const config = { loaded: loadEncryption(file, false), reload: false }
  const encryption = await startEncryption({ config, env, metrics: new Metrics(), server: '' })
  return new TestServer({ store: encryption.over(store), env })
}

const servers = [
  await serverOf('secretbox', [KEYS.secretbox, KEYS.aescbc, 'identity: {}']),
  await serverOf('aescbc', [KEYS.aescbc, KEYS.secretbox, 'identity: {}']),
]
const plain = await serverOf('identity', ['identity: {}', KEYS.secretbox, KEYS.aescbc])
const token = Buffer.from(CANARY).toString('base64')
for (let i = (await plain.list(SECRETS)).items.length; i < 100; i++) {
  await plain.create(SECRETS, { metadata: { name: `s${i}` }, data: { token } })
}
for (let turn = Number(round); ; turn++) {
  const server = servers[turn % 2] ?? plain
  for (const item of (await server.list(SECRETS)).items) {
    await server.expect(200, 'PUT', `${SECRETS}/${item.metadata.name}`, item)
    console.log(item.metadata.name)
  }
}

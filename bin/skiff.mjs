#!/usr/bin/env node
// Starts the skiff command under the Node.js that the package brings, whatever Node.js started this file.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import module, { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'

const NEEDED = 24
const here = fileURLToPath(import.meta.url)

if (Number.parseInt(process.versions.node, 10) < NEEDED) restart(packagedNode())
else await start()

/** The path of the packaged Node.js, from the optional dependency that fits this machine. */
function packagedNode() {
  const name = `node-${process.platform}-${process.arch}/bin/node`
  try {
    return createRequire(here).resolve(name)
  } catch {
    console.error(`skiff: needs Node.js ${NEEDED} or newer; this is ${process.version}, and the package for`)
    console.error(
      `${process.platform} on ${process.arch} brings none. Install Node.js ${NEEDED}, or run npm install again.`,
    )
    process.exit(3)
  }
}

/** Becomes the same command under another Node.js; where a process can't, waits for it and ends as it ended. */
function restart(node) {
  const args = [here, ...process.argv.slice(2)]
  if (process.execve) process.execve(node, [node, ...args], process.env)
  const ended = spawnSync(node, args, { stdio: 'inherit' })
  if (ended.error) throw ended.error
  if (ended.signal) process.kill(process.pid, ended.signal)
  process.exit(ended.status ?? 1)
}

/** The built file when there is one, compiled once and cached beside it; the sources of a checkout otherwise. */
async function start() {
  const built = fileURLToPath(new URL('../dist/skiff.cjs', import.meta.url))
  const fromSource = process.env.SKIFF_FROM_SOURCE === '1' || !existsSync(built)
  module.enableCompileCache(fileURLToPath(new URL('../dist/cache', import.meta.url)))
  const { main } = fromSource
    ? await import(new URL('../src/cmd/main.ts', import.meta.url))
    : createRequire(import.meta.url)(built)
  await main({ entry: here })
}

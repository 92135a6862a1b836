/**
 * The layer check: imports go one way (DESIGN of the house in docs/architecture), components never import each
 * other, and what is pure imports no `node:` module and no npm package that needs one.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'

/** Folder → folders it may import from, besides itself. */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  lib: [],
  apimachinery: ['lib'],
  api: ['lib', 'apimachinery'],
  client: ['lib', 'apimachinery', 'api'],
  store: ['lib', 'apimachinery', 'api'],
  apiserver: ['lib', 'apimachinery', 'api', 'store'],
  controllers: ['lib', 'apimachinery', 'api', 'client'],
  scheduler: ['lib', 'apimachinery', 'api', 'client'],
  kubelet: ['lib', 'apimachinery', 'api', 'client'],
  proxy: ['lib', 'apimachinery', 'api', 'client'],
  dns: ['lib', 'apimachinery', 'api', 'client'],
  host: ['lib'],
  cli: ['lib', 'apimachinery', 'api', 'client', 'host'],
  testing: ['lib', 'apimachinery', 'api', 'client', 'store', 'apiserver', 'kubelet', 'host', 'cmd'],
  cmd: [
    'lib',
    'apimachinery',
    'api',
    'client',
    'store',
    'apiserver',
    'controllers',
    'scheduler',
    'kubelet',
    'proxy',
    'dns',
    'host',
    'cli',
  ],
}

/** What must also run in a browser page: no host modules. Paths are prefixes under src/. */
const PURE = [
  'lib/',
  'apimachinery/',
  'api/',
  'client/',
  'store/memory/',
  'apiserver/',
  'controllers/',
  'scheduler/',
  'kubelet/',
]
/** Adapters inside pure folders that do touch the host, each named. */
const HOST_ADAPTERS = [
  'apiserver/audit/host/',
  'apiserver/audit/testdata/',
  'apiserver/http/',
  'apiserver/streaming/',
  'lib/host/',
  'client/http/',
  'apimachinery/host/',
  'kubelet/cri/grpc/',
  'kubelet/linux/',
]
/** Globals that only Node has. */
const NODE_GLOBALS = /(?<![.\w$])(Buffer|process)\.\w/
/** Time and chance come from lib/ alone. */
const AMBIENT = /(?<![.\w$])(Date\.now\(|setTimeout\(|setInterval\(|Math\.random\(|crypto\.randomUUID\()/

const root = resolve(import.meta.dirname, '../src')
const problems: string[] = []
for (const entry of readdirSync(root, { recursive: true, withFileTypes: true })) {
  if (entry.isFile() && entry.name.endsWith('.ts')) check(join(entry.parentPath, entry.name))
}
for (const problem of problems) console.error(problem)
console.log(problems.length === 0 ? 'layers: ok' : `layers: ${problems.length} problems`)
process.exitCode = problems.length === 0 ? 0 : 1

function check(file: string): void {
  const path = relative(root, file)
  const layer = path.split('/')[0] ?? ''
  const source = readFileSync(file, 'utf8')
  const isTest = /\.(test|suite)\.ts$/.test(path)
  const pure = PURE.some((p) => path.startsWith(p)) && !HOST_ADAPTERS.some((p) => path.startsWith(p)) && !isTest
  for (const [, specifier = ''] of source.matchAll(/(?:from|import)\s*\(?\s*'([^']+)'/g)) {
    if (specifier.startsWith('.')) checkLayer(path, layer, relative(root, resolve(dirname(file), specifier)), isTest)
    else if (pure && specifier.startsWith('node:')) problems.push(`src/${path}: pure code imports ${specifier}`)
  }
  const code = source.replace(/\/\*[\s\S]*?\*\//g, '').replace(/^\s*\/\/.*$/gm, '')
  if (pure && NODE_GLOBALS.test(code))
    problems.push(`src/${path}: pure code uses a Node global (${NODE_GLOBALS.exec(code)?.[0]})`)
  if (layer !== 'lib' && !isTest && AMBIENT.test(code))
    problems.push(`src/${path}: takes time or chance past the injected Env (${AMBIENT.exec(code)?.[0]})`)
}

function checkLayer(path: string, layer: string, target: string, isTest: boolean): void {
  const to = target.split('/')[0] ?? ''
  if (to === '..' || target.startsWith('..')) return
  if (to === layer || ALLOWED[layer]?.includes(to)) return
  if (isTest && ['testing', 'api', 'store', 'apiserver'].includes(to)) return
  problems.push(`src/${path}: ${layer}/ may not import ${to}/`)
}

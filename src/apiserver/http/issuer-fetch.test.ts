import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer as createPlainServer } from 'node:http'
import { createServer } from 'node:https'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, test } from 'node:test'
import { type IssuerFetchOptions, issuerFetch } from './issuer-fetch.ts'
import { testCertificate } from './test-certificate.ts'

const asked: IncomingMessage[] = []
const server = createServer(testCertificate, answer)
const plain = createPlainServer((_, response) => response.end('{"keys":[]}'))
let url = ''
let plainUrl = ''

function answer(request: IncomingMessage, response: ServerResponse): void {
  asked.push(request)
  const redirect = (location: string): unknown => response.writeHead(302, { location }).end()
  switch (request.url) {
    case '/document':
      return void response.setHeader('cache-control', 'max-age=5').end('{"a":1}')
    case '/redirect':
      return void redirect('/document')
    case '/elsewhere':
      return void redirect(url.replace('localhost', '127.0.0.1') + '/document')
    case '/loop':
      return void redirect('/loop')
    case '/plain':
      return void redirect(plainUrl)
    case '/file':
      return void redirect('file:///etc/passwd')
    case '/flood':
      return flood(response)
    case '/hang':
      return
    case '/half':
      return void response.write('{"a":')
    case '/cut':
      response.writeHead(200, { 'content-length': '100' }).write('x')
      return void response.destroy()
    default:
      return void response.writeHead(404).end('nothing here')
  }
}

/** For as long as the other side reads. */
function flood(response: ServerResponse): void {
  const chunk = Buffer.alloc(64 * 1024, 'x')
  const more = (): void => {
    while (!response.destroyed && response.write(chunk));
    response.once('drain', more)
  }
  more()
}

before(async () => {
  server.listen(0)
  plain.listen(0, '127.0.0.1')
  await Promise.all([once(server, 'listening'), once(plain, 'listening')])
  url = `https://localhost:${(server.address() as AddressInfo).port}`
  plainUrl = `http://127.0.0.1:${(plain.address() as AddressInfo).port}/`
})
after(() => {
  for (const one of [server, plain]) {
    one.close()
    one.closeAllConnections()
  }
})

const { signal } = new AbortController()
const get = (path: string, options: IssuerFetchOptions = {}, ca: string | undefined = testCertificate.cert) =>
  issuerFetch(options)({ url: url + path, ca, signal, headers: { authorization: 'Bearer t' } })

test('a document is fetched with its headers', async () => {
  const { status, body, headers } = await get('/document')
  assert.deepEqual([status, body, headers['cache-control']], [200, '{"a":1}', 'max-age=5'])
  const missing = await get('/nowhere')
  assert.deepEqual([missing.status, missing.statusText, missing.body], [404, 'Not Found', 'nothing here'])
})

test('redirects are followed, but what is for one host is not told to another', async () => {
  assert.equal((await get('/redirect')).body, '{"a":1}')
  assert.equal(asked.at(-1)?.headers.authorization, 'Bearer t')
  assert.equal((await get('/elsewhere')).body, '{"a":1}')
  assert.equal(asked.at(-1)?.headers.authorization, undefined)
})

const REFUSED: readonly (readonly [path: string, why: RegExp, options?: IssuerFetchOptions])[] = [
  ['/loop', /stopped after 10 redirects/],
  ['/plain', /unsupported protocol scheme "http"/],
  ['/file', /unsupported protocol scheme "file"/],
  ['/flood', /http: response body larger than 1048576 bytes/],
  ['/hang', /context deadline exceeded/, { timeoutMs: 50 }],
  ['/half', /abort|context deadline exceeded/i, { timeoutMs: 50 }],
  ['/cut', /aborted|EOF/],
]
for (const [path, why, options] of REFUSED) {
  test(`an issuer that answers ${path} is given up`, async () => {
    await assert.rejects(get(path, options), why)
  })
}

test('an issuer must prove who it is', async () => {
  await assert.rejects(
    issuerFetch()({ url: `${url}/document`, signal }),
    /x509: certificate signed by unknown authority/,
  )
  await assert.rejects(issuerFetch()({ url: `${plainUrl}document`, signal }), /unsupported protocol scheme "http"/)
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hideSocketToken } from './upgrade.ts'

test("a token among a WebSocket's subprotocols goes no further than the server", () => {
  const protocols = 'v5.channel.k8s.io, base64url.bearer.authorization.k8s.io.c2VjcmV0, v4.channel.k8s.io'
  const headers = { 'sec-websocket-protocol': protocols, host: 'a' }
  const rawHeaders = ['Host', 'a', 'Sec-WebSocket-Protocol', protocols]
  hideSocketToken({ headers, rawHeaders })
  const left = 'v5.channel.k8s.io, v4.channel.k8s.io'
  assert.deepEqual(headers, { 'sec-websocket-protocol': left, host: 'a' })
  assert.deepEqual(rawHeaders, ['Host', 'a', 'Sec-WebSocket-Protocol', left])
})

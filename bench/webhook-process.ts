/** A validating webhook that allows everything at once; prints its port. The same for every target. */
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { testCertificate } from '../src/apiserver/http/test-certificate.ts'

const server = createServer(testCertificate, (incoming, outgoing) => {
  let body = ''
  incoming.setEncoding('utf8').on('data', (text: string) => (body += text))
  incoming.once('end', () => {
    const uid = /"uid":"([^"]+)"/.exec(body)?.[1]
    const response = { uid, allowed: !body.includes('"refused":"yes"') }
    outgoing.writeHead(200, { 'content-type': 'application/json' })
    outgoing.end(JSON.stringify({ kind: 'AdmissionReview', apiVersion: 'admission.k8s.io/v1', response }))
  })
})
server.listen(0, '127.0.0.1', () => console.log((server.address() as AddressInfo).port))

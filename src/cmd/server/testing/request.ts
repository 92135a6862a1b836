import 'reflect-metadata'
import {
  type JsonGeneralNames,
  type JsonName,
  Pkcs10CertificateRequestGenerator,
  SubjectAlternativeNameExtension,
} from '@peculiar/x509'
import { ALGORITHM } from '../certificates.ts'

/** A request for a certificate, as `spec.request` has it, and its key in PEM. */
export interface TestRequest {
  readonly request: string
  readonly key: string
}

/** Makes a key and asks for a certificate for it. */
export async function makeRequest(subject: string | JsonName, names: JsonGeneralNames = []): Promise<TestRequest> {
  const keys = await crypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify'])
  const asked = await Pkcs10CertificateRequestGenerator.create({
    name: subject,
    keys,
    signingAlgorithm: ALGORITHM,
    extensions: names.length === 0 ? [] : [new SubjectAlternativeNameExtension(names)],
  })
  const pkcs8 = Buffer.from(await crypto.subtle.exportKey('pkcs8', keys.privateKey)).toString('base64')
  return {
    request: Buffer.from(`${asked.toString('pem')}\n`).toString('base64'),
    key: `-----BEGIN PRIVATE KEY-----\n${pkcs8}\n-----END PRIVATE KEY-----\n`,
  }
}

import 'reflect-metadata'
import {
  type JsonGeneralNames,
  Name,
  Pkcs10CertificateRequestGenerator,
  SubjectAlternativeNameExtension,
} from '@peculiar/x509'
import { writeName } from '../../../apimachinery/x509/name.ts'
import { ALGORITHM } from '../certificates.ts'

/** A request for a certificate, as `spec.request` has it, and its key in PEM. */
export interface TestRequest {
  readonly request: string
  readonly key: string
}

export interface TestSubject {
  readonly O?: readonly string[]
  readonly CN?: string
}

const attributesOf = ({ O = [], CN }: TestSubject): [string, string][] => [
  ...O.map((value): [string, string] => ['2.5.4.10', value]),
  ...(CN === undefined ? [] : [['2.5.4.3', CN] as [string, string]]),
]

/** Makes a key and asks for a certificate for it. */
export async function makeRequest(subject: TestSubject, names: JsonGeneralNames = []): Promise<TestRequest> {
  const keys = await crypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify'])
  const asked = await Pkcs10CertificateRequestGenerator.create({
    name: new Name(Uint8Array.from(writeName({ attributes: attributesOf(subject) }))),
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

import 'reflect-metadata'
import {
  type JsonGeneralNames,
  Name,
  Pkcs10CertificateRequestGenerator,
  SubjectAlternativeNameExtension,
} from '@peculiar/x509'
import { writeName } from '../../apimachinery/x509/name.ts'
import { ALGORITHM, alternativeName, pem } from './certificates.ts'

/** A request for a certificate, as `spec.request` has it, and its key in PEM. */
export interface RequestWithKey {
  readonly request: string
  readonly key: string
}

export interface RequestedSubject {
  readonly O?: readonly string[]
  readonly CN?: string
  /** The names and addresses of a server. */
  readonly serves?: readonly string[]
}

/** Makes a key and asks for a certificate for it. */
export async function makeRequest(subject: RequestedSubject): Promise<RequestWithKey> {
  const keys = await crypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify'])
  const names: JsonGeneralNames = (subject.serves ?? []).map(alternativeName)
  const asked = await Pkcs10CertificateRequestGenerator.create({
    name: new Name(Uint8Array.from(writeName({ attributes: attributesOf(subject) }))),
    keys,
    signingAlgorithm: ALGORITHM,
    extensions: names.length === 0 ? [] : [new SubjectAlternativeNameExtension(names)],
  })
  return {
    request: Buffer.from(`${asked.toString('pem')}\n`).toString('base64'),
    key: await pem('PRIVATE KEY', keys.privateKey),
  }
}

const attributesOf = ({ O = [], CN }: RequestedSubject): [string, string][] => [
  ...O.map((value): [string, string] => ['2.5.4.10', value]),
  ...(CN === undefined ? [] : [['2.5.4.3', CN] as [string, string]]),
]

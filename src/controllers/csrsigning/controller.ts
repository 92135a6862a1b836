import type { CertificateSigningRequest } from '../../api/generated/types/certificates/v1.ts'
import { certificateSigningRequests } from '../../api/index.ts'
import { timestamp, type Frozen } from '../../apimachinery/meta.ts'
import { parseRequest } from '../../apimachinery/x509/request.ts'
import { defineController, done, type ControllerDefinition } from '../../client/controller.ts'
import { encodeBase64 } from '../../lib/base64.ts'
import { awaitsCertificate } from '../certificates/state.ts'
import { signers } from './signers.ts'
import { validityFor, type Validity } from './validity.ts'

/** What signs: the cluster's authority, whose key is not here. */
export interface CertificateAuthority {
  /** When its own certificate ends, in ms since the Unix epoch. */
  readonly notAfter: number
  /** Signs what a request in DER asks for: PEM. Rejects when the request's own signature does not hold. */
  sign(request: Uint8Array, terms: Validity & { readonly usages: readonly string[] }): Promise<string>
}

export interface CsrSigningOptions {
  readonly authority: CertificateAuthority
  /** The longest that a certificate may last. Default a year, as upstream's --cluster-signing-duration. */
  readonly durationMs?: number | undefined
}

const YEAR_MS = 365 * 86_400_000

/** Gives approved requests their certificates. */
export function csrSigningController({ authority, durationMs = YEAR_MS }: CsrSigningOptions): ControllerDefinition {
  return defineController({
    name: 'certificatesigningrequest-signing',
    serviceAccount: 'certificate-controller',
    for: certificateSigningRequests,
    wakes: (now) => now !== undefined && awaitsCertificate(now) && signers.has(now.spec.signerName),
    async reconcile(key, { lister, client, env }) {
      const request = lister(certificateSigningRequests).get(key)
      const refuses = request && signers.get(request.spec.signerName)
      if (!refuses || !awaitsCertificate(request)) return done
      const { usages = [], expirationSeconds } = request.spec
      const asked = parseRequest(request.spec.request)
      const now = env.clock.now()
      const why = refuses(asked, usages)
      if (why !== undefined) {
        await client(certificateSigningRequests).updateStatus(failed(request, why, now))
        return done
      }
      const validity = validityFor({ now, expirationSeconds, longestMs: durationMs, signerEnds: authority.notAfter })
      const certificate = encodeBase64(
        new TextEncoder().encode(await authority.sign(asked.der, { ...validity, usages })),
      )
      await client(certificateSigningRequests).updateStatus({ ...request, status: { ...request.status, certificate } })
      return done
    },
  })
}

function failed(
  request: Frozen<CertificateSigningRequest>,
  message: string,
  now: number,
): Frozen<CertificateSigningRequest> {
  const condition = {
    type: 'Failed',
    status: 'True',
    reason: 'SignerValidationFailure',
    message,
    lastUpdateTime: timestamp(now),
  } as const
  return { ...request, status: { ...request.status, conditions: [...(request.status?.conditions ?? []), condition] } }
}

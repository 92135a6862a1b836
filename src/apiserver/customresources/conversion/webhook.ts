import type { CustomResourceConversion } from '../../../api/generated/types/apiextensions/v1.ts'
import { DecodeError } from '../../../apimachinery/codec/errors.ts'
import { decodeAny } from '../../../apimachinery/codec/json/decode.ts'
import type { Frozen, KubeObject } from '../../../apimachinery/meta.ts'
import { uuid } from '../../../lib/random.ts'
import { postReview, type Sending } from '../../admission/webhooks/send.ts'
import { bareError } from '../../registry/revision.ts'
import { acceptConverted, BadConversion, convertedObjects, goKind } from './answer.ts'
import type { CountConversion } from './metrics.ts'

/** What upstream waits for a conversion webhook. */
const TIMEOUT_SECONDS = 30
const KNOWN = ['v1', 'v1beta1']

/** Brings objects to another version, all at once. */
export type Convert = (objects: readonly KubeObject[], apiVersion: string) => Promise<KubeObject[]> | KubeObject[]

/** Strategy None: the versions differ in nothing but their name. */
export const renameVersion: Convert = (objects, apiVersion) => objects.map((object) => ({ ...object, apiVersion }))

/** Strategy Webhook. Rejects with a 500 in upstream's words when nobody answers, or wrongly. */
export function webhookConversion(
  { webhook }: Frozen<CustomResourceConversion>,
  sending: Sending,
  count: CountConversion = () => () => {},
): Convert {
  const version = webhook?.conversionReviewVersions.find((one) => KNOWN.includes(one))
  const clientConfig = webhook?.clientConfig ?? {}
  return async (objects, desiredAPIVersion) => {
    const [first] = objects
    if (!first) return []
    if (version === undefined) throw unusable('no supported conversion review versions')
    const uid = uuid(sending.env.random)
    const named = `conversion webhook for ${goKind(first as { apiVersion?: string; kind?: string })}`
    const review = {
      kind: 'ConversionReview',
      apiVersion: `apiextensions.k8s.io/${version}`,
      request: { uid, desiredAPIVersion, objects },
      response: { uid: '', convertedObjects: null, result: { metadata: {} } },
    }
    const ended = count()
    let converted: readonly unknown[]
    let isAnswered = false
    try {
      const body = await postReview(sending, clientConfig, { timeoutSeconds: TIMEOUT_SECONDS }, review)
      isAnswered = true
      converted = convertedObjects(jsonOf(body), { uid, version })
    } catch (error) {
      ended(isAnswered ? 'conversion_webhook_malformed_response_failure' : 'conversion_webhook_call_failure')
      throw unusable(`${named} failed: ${error instanceof Error ? error.message : String(error)}`)
    }
    if (converted.length !== objects.length) {
      ended('conversion_webhook_partial_response_failure')
      throw unusable(`${named} returned ${converted.length} objects, expected ${objects.length}`)
    }
    try {
      const all = objects.map((object, index) => accepted(object, converted[index], desiredAPIVersion))
      ended()
      return all
    } catch (error) {
      ended('conversion_webhook_invalid_converted_object_failure')
      throw error
    }
  }
}

function jsonOf(body: Uint8Array): unknown {
  try {
    return decodeAny(body, 'Ignore').value
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error
    throw new BadConversion(`couldn't get version/kind; json parse error: ${error.message}`)
  }
}

function accepted(object: KubeObject, converted: unknown, apiVersion: string): KubeObject {
  try {
    return acceptConverted(object, converted, apiVersion)
  } catch (error) {
    throw error instanceof BadConversion ? unusable(error.message) : error
  }
}

function unusable(message: string): Error {
  return bareError(message)
}

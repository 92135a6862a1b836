import type { Frozen } from '../../../apimachinery/meta.ts'
import { type FieldError, fieldForbidden, invalid, required } from '../../../apimachinery/status.ts'
import { isDns1035Label } from '../../../apimachinery/validation/names.ts'
import { oneOf, problems } from '../../checks.ts'
import type { CustomResourceConversion, WebhookClientConfig } from '../../generated/types/apiextensions/v1.ts'
import { validateWebhookService, validateWebhookUrl } from '../../webhook-client.ts'

/** How versions become one another. Paths are those of upstream's own form. */
export function* validateConversion(
  { strategy, webhook }: Frozen<CustomResourceConversion>,
  path: string,
): Iterable<FieldError> {
  yield* oneOf(`${path}.strategy`, strategy, ['None', 'Webhook'])
  const client = webhook?.clientConfig
  const versions = webhook?.conversionReviewVersions ?? []
  if (strategy === 'Webhook') {
    if (client) yield* validateClient(client, `${path}.webhookClientConfig`)
    else yield required(`${path}.webhookClientConfig`, 'required when strategy is set to Webhook')
    return yield* validateReviewVersions(versions, `${path}.conversionReviewVersions`)
  }
  const text = 'should not be set when strategy is not set to Webhook'
  if (client) yield fieldForbidden(`${path}.webhookClientConfig`, text)
  if (versions.length > 0) yield fieldForbidden(`${path}.conversionReviewVersions`, text)
}

function* validateClient({ url, service }: Frozen<WebhookClientConfig>, path: string): Iterable<FieldError> {
  if ((url === undefined) === (service === undefined)) {
    yield required(path, 'exactly one of url or service is required')
  } else if (url !== undefined) yield* validateWebhookUrl(`${path}.url`, url)
  else if (service) yield* validateWebhookService(`${path}.service`, service)
}

const KNOWN = ['v1', 'v1beta1']

function* validateReviewVersions(versions: readonly string[], path: string): Iterable<FieldError> {
  if (versions.length === 0) return yield required(path)
  for (const [index, version] of versions.entries()) {
    const field = `${path}[${index}]`
    if (versions.indexOf(version) < index) yield invalid(field, version, 'duplicate version')
    else yield* problems(field, version, isDns1035Label(version))
  }
  if (!versions.some((version) => KNOWN.includes(version))) {
    yield invalid(path, versions, `must include at least one of ${KNOWN.join(', ')}`)
  }
}

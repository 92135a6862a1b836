import type {
  EncryptionConfiguration,
  Keys,
  KmsConfiguration,
  ProviderConfiguration,
} from '../../../apiserver/config/encryption/types.ts'
import type { HealthCheck } from '../../../apiserver/health/health.ts'
import { aggregate } from '../../../apimachinery/labels/selector.ts'
import { parseDuration } from '../../../apimachinery/duration/duration.ts'
import type { Env } from '../../../lib/env.ts'
import { aesCbc, aesGcm } from '../../../store/encryption/aes.ts'
import { parseResource, resourceName, type Transformers } from '../../../store/encryption/resources.ts'
import { secretbox } from '../../../store/encryption/secretbox.ts'
import {
  identity,
  PrefixTransformers,
  type Prefixed,
  TransformError,
  type Transformer,
} from '../../../store/encryption/transformer.ts'
import type { KeyStates } from '../../../store/encryption/kms/key-state.ts'
import type { EncryptionMeters } from './metrics.ts'

/** What a configuration leads to. */
export interface Providers {
  readonly transformers: Transformers
  /** What key services are needed for, as the configuration names it. */
  readonly kmsResources: ReadonlySet<string>
  /** How long all key services together may take to answer. */
  readonly patienceMs: number
  /** Throws what is wrong with the key services. */
  check(): Promise<void>
  close(): void
}

interface Kms {
  readonly prefixed: Prefixed
  readonly states: KeyStates
  close(): void
}

/** Makes transformers of a configuration that was checked. Resolves when its key services were asked once, whatever they said. */
export async function openProviders(
  { resources = [] }: EncryptionConfiguration,
  env: Env,
  meters: EncryptionMeters,
): Promise<Providers> {
  const services: Kms[] = []
  const byResource = new Map<string, Prefixed[]>()
  const kmsResources = new Set<string>()
  let patienceMs = 0
  for (const { resources: names = [], providers = [] } of resources) {
    const prefixed: Prefixed[] = []
    for (const provider of providers) {
      if (!provider.kms) {
        prefixed.push(localProvider(provider, meters))
        continue
      }
      const kms = await openKms(provider.kms, env, meters)
      patienceMs += parseDuration(provider.kms.timeout)
      services.push(kms)
      prefixed.push(kms.prefixed)
    }
    for (const name of names.map((text) => resourceName(parseResource(text)))) {
      byResource.set(name, [...(byResource.get(name) ?? []), ...prefixed])
      if (providers.some(({ kms }) => kms)) kmsResources.add(name)
    }
  }
  const transformers = [...byResource].map(
    ([name, all]) => [name, new PrefixTransformers(all, 'no matching prefix found', meters.transforms)] as const,
  )
  return {
    transformers: new Map(transformers),
    kmsResources,
    patienceMs,
    check: () => checkAll(services),
    close: () => services.forEach((service) => service.close()),
  }
}

async function checkAll(services: readonly Kms[]): Promise<void> {
  const problems: string[] = []
  for (const [index, { states }] of services.entries()) {
    try {
      await states.check()
    } catch (error) {
      problems.push(`kms-provider-${index}: ${error instanceof Error ? error.message : String(error)}`)
    }
  }
  if (problems.length > 0) throw new TransformError(aggregate(problems))
}

const encoder = new TextEncoder()
const prefixedBy = (prefix: string, transformer: Transformer): Prefixed => ({
  prefix: encoder.encode(prefix),
  transformer,
})

function localProvider(
  { aesgcm, aescbc, secretbox: boxed }: ProviderConfiguration,
  meters: EncryptionMeters,
): Prefixed {
  const aesUnknown = 'no matching key was found for the provided AES transformer'
  const boxUnknown = 'no matching key was found for the provided Secretbox transformer'
  if (aesgcm) return prefixedBy('k8s:enc:aesgcm:v1:', byKey(aesgcm, aesGcm, aesUnknown, meters))
  if (aescbc) return prefixedBy('k8s:enc:aescbc:v1:', byKey(aescbc, aesCbc, aesUnknown, meters))
  if (boxed) return prefixedBy('k8s:enc:secretbox:v1:', byKey(boxed, secretbox, boxUnknown, meters))
  return prefixedBy('', identity)
}

/** The first key writes, every one reads what it has written. */
function byKey(
  { keys = [] }: Keys,
  transformer: (key: Uint8Array) => Transformer,
  unknown: string,
  meters: EncryptionMeters,
): Transformer {
  const all = keys.map(({ name = '', secret = '' }) =>
    prefixedBy(`${name}:`, transformer(Buffer.from(secret, 'base64'))),
  )
  return new PrefixTransformers(all, unknown, meters.transforms)
}

/** gRPC is loaded by who needs it. */
async function openKms(
  { name = '', endpoint = '', timeout }: KmsConfiguration,
  env: Env,
  meters: EncryptionMeters,
): Promise<Kms> {
  const [{ keyService }, { KeyStates }, { Envelope }] = await Promise.all([
    import('../../../store/encryption/kms/service.ts'),
    import('../../../store/encryption/kms/key-state.ts'),
    import('../../../store/encryption/kms/envelope.ts'),
  ])
  const { clock, random } = env
  const meter = meters.kms(name)
  const timeoutMs = parseDuration(timeout)
  const service = keyService({ endpoint, timeoutMs, monotonic: () => clock.monotonic(), meter: meter.called })
  const states = new KeyStates({ name, service, clock, random, log: env.log, meter })
  await states.start()
  return {
    prefixed: prefixedBy(`k8s:enc:kms:v2:${name}:`, new Envelope({ service, states, clock, random, meter })),
    states,
    close() {
      states.stop()
      service.close()
    },
  }
}

/** As upstream names it, when it stands among the server's health checks. */
export function kmsHealth(check: () => Promise<void>): HealthCheck {
  return { name: 'kms-providers', only: ['healthz', 'readyz'], check }
}

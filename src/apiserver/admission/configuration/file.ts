import { DecodeError } from '../../../apimachinery/codec/errors.ts'
import { decodeAnyYaml } from '../../../apimachinery/codec/yaml/yaml.ts'
import { isJsonObject } from '../../../lib/json-value.ts'
import { type ConfigKinds, decodeConfig } from '../../config/decode.ts'
import { document, list, raw, string, struct } from '../../config/shape.ts'

/** What one plugin is told: an object in the file itself, or the path of a file, from the first one's folder. */
export interface PluginEntry {
  readonly name: string
  readonly path?: string
  readonly configuration?: unknown
}

const PLUGIN = { name: string, path: string, configuration: raw }
const VERSIONS = ['v1', 'v1alpha1'] as const

const KINDS: ConfigKinds = {
  scheme: 'pkg/runtime/scheme.go:111',
  versions: Object.fromEntries(
    VERSIONS.map((version) => [
      `apiserver.${version === 'v1' ? 'config.' : ''}k8s.io/${version}`,
      {
        AdmissionConfiguration: document(`${version}.AdmissionConfiguration`, {
          plugins: list(struct(`${version}.AdmissionPluginConfiguration`, PLUGIN)),
        }),
      },
    ]),
  ),
}

/** Plugins whose whole file could be given in place of an AdmissionConfiguration, by the field that it has. */
const LEGACY = { imagePolicy: 'ImagePolicyWebhook', podNodeSelectorPluginConfig: 'PodNodeSelector' } as const

/** Reads an AdmissionConfiguration, or the old form that two plugins had before there was one. `path` is the file's own. Throws DecodeError. */
export function readAdmissionConfiguration(body: Uint8Array, path: string): readonly PluginEntry[] {
  try {
    return (decodeConfig(body, KINDS).object['plugins'] ?? []) as readonly PluginEntry[]
  } catch (error) {
    if (!(error instanceof DecodeError) || !isLegacy(body)) throw error
    return Object.values(LEGACY).map((name) => ({ name, path }))
  }
}

function isLegacy(body: Uint8Array): boolean {
  const { value } = decodeAnyYaml(body, 'Ignore')
  if (!isJsonObject(value) || (value['kind'] && value['apiVersion'])) return false
  return Object.keys(LEGACY).some((field) => Object.hasOwn(value, field))
}

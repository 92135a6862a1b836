import type { Frozen } from '../../../../apimachinery/meta.ts'
import { type FieldError, invalid, required } from '../../../../apimachinery/status.ts'
import { isConfigMapKey, isRelaxedEnvVarName, nameIsDnsSubdomain } from '../../../../apimachinery/validation/names.ts'
import { dns1123Label, problems } from '../../../checks.ts'
import type {
  ConfigMapKeySelector,
  EnvFromSource,
  EnvVar,
  EnvVarSource,
  FileKeySelector,
  SecretKeySelector,
} from '../../../generated/types/core/v1.ts'
import { ENV_FIELDS, validateFieldRef, validateResourceFieldRef } from './field-ref.ts'
import { noBacksteps } from './paths.ts'

/** ValidateEnv. */
export function* validateEnv(vars: readonly Frozen<EnvVar>[], path: string): Iterable<FieldError> {
  for (const [index, { name, value, valueFrom }] of vars.entries()) {
    const at = `${path}[${index}]`
    if (!name) yield required(`${at}.name`)
    else yield* problems(`${at}.name`, name, isRelaxedEnvVarName(name))
    if (valueFrom) yield* validateValueFrom(valueFrom, value, `${at}.valueFrom`)
  }
}

const SOURCES = ['fieldRef', 'resourceFieldRef', 'configMapKeyRef', 'secretKeyRef', 'fileKeyRef'] as const

function* validateValueFrom(
  source: Frozen<EnvVarSource>,
  value: string | undefined,
  path: string,
): Iterable<FieldError> {
  if (source.fieldRef) yield* validateFieldRef(source.fieldRef, ENV_FIELDS, `${path}.fieldRef`)
  if (source.resourceFieldRef) {
    yield* validateResourceFieldRef(source.resourceFieldRef, `${path}.resourceFieldRef`, false)
  }
  if (source.configMapKeyRef) yield* validateKeyRef(source.configMapKeyRef, `${path}.configMapKeyRef`)
  if (source.secretKeyRef) yield* validateKeyRef(source.secretKeyRef, `${path}.secretKeyRef`)
  if (source.fileKeyRef) yield* validateFileKeyRef(source.fileKeyRef, `${path}.fileKeyRef`)
  const given = SOURCES.filter((field) => source[field]).length
  if (given === 0) {
    yield invalid(
      path,
      '',
      'must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`',
    )
  } else if (value) yield invalid(path, '', 'may not be specified when `value` is not empty')
  else if (given > 1) yield invalid(path, '', 'may not have more than one field specified at a time')
}

function* validateKeyRef(
  { name = '', key }: Frozen<ConfigMapKeySelector | SecretKeySelector>,
  path: string,
): Iterable<FieldError> {
  yield* problems(`${path}.name`, name, nameIsDnsSubdomain(name, false))
  if (!key) yield required(`${path}.key`)
  else yield* problems(`${path}.key`, key, isConfigMapKey(key))
}

function* validateFileKeyRef(
  { key, volumeName, path: file }: Frozen<FileKeySelector>,
  path: string,
): Iterable<FieldError> {
  if (!key) yield required(`${path}.key`)
  else yield* problems(`${path}.key`, key, isRelaxedEnvVarName(key))
  if (!volumeName) yield required(`${path}.volumeName`)
  else yield* dns1123Label(`${path}.volumeName`, volumeName)
  if (!file) yield required(`${path}.path`)
  else yield* noBacksteps(`${path}.path`, file)
}

/** ValidateEnvFrom. */
export function* validateEnvFrom(sources: readonly Frozen<EnvFromSource>[], path: string): Iterable<FieldError> {
  for (const [index, { prefix, configMapRef, secretRef }] of sources.entries()) {
    const at = `${path}[${index}]`
    if (prefix) yield* problems(`${at}.prefix`, prefix, isRelaxedEnvVarName(prefix))
    if (configMapRef) yield* validateSourceName(configMapRef.name, `${at}.configMapRef.name`)
    if (secretRef) yield* validateSourceName(secretRef.name, `${at}.secretRef.name`)
    if (!configMapRef && !secretRef) yield invalid(path, '', 'must specify one of: `configMapRef` or `secretRef`')
    else if (configMapRef && secretRef) {
      yield invalid(path, '', 'may not have more than one field specified at a time')
    }
  }
}

function validateSourceName(name: string | undefined, field: string): FieldError[] {
  return name ? problems(field, name, nameIsDnsSubdomain(name, true)) : [required(field)]
}

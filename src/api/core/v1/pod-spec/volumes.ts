import type { Frozen, ObjectMeta } from '../../../../apimachinery/meta.ts'
import { goQuote } from '../../../../lib/quote.ts'
import { duplicate, type FieldError, fieldForbidden, invalid, required } from '../../../../apimachinery/status.ts'
import { nameIsDnsSubdomain } from '../../../../apimachinery/validation/names.ts'
import { dns1123Label, problems } from '../../../checks.ts'
import type { PodSpec, Volume } from '../../../generated/types/core/v1.ts'
import { compareAmounts } from '../resource-list.ts'
import { VOLUME_SOURCES } from './volume-sources.ts'

/** The volumes that are valid, by name, and what is wrong with the others (ValidateVolumes). */
export function validateVolumes(
  { volumes = [] }: Frozen<PodSpec>,
  { meta, isPod }: { readonly meta?: Frozen<ObjectMeta>; readonly isPod: boolean },
  path: string,
): { valid: Map<string, Frozen<Volume>>; errors: FieldError[] } {
  const valid = new Map<string, Frozen<Volume>>()
  const errors: FieldError[] = []
  const podName = meta?.name
  const ownClaims = new Set(
    volumes.filter(({ ephemeral }) => podName && ephemeral).map(({ name }) => `${podName}-${name}`),
  )
  for (const [index, volume] of volumes.entries()) {
    const at = `${path}[${index}]`
    const found = [...validateVolume(volume, { podName, isPod }, at)]
    if (valid.has(volume.name)) found.push(duplicate(`${at}.name`, volume.name))
    if (found.length === 0) valid.set(volume.name, volume)
    errors.push(...found)
    const claim = volume.persistentVolumeClaim?.claimName
    if (claim !== undefined && ownClaims.has(claim)) {
      const text = 'must not reference a PVC that gets created for an ephemeral volume'
      errors.push(invalid(`${at}.persistentVolumeClaim.claimName`, claim, text))
    }
  }
  return { valid, errors }
}

interface Holder {
  readonly podName: string | undefined
  readonly isPod: boolean
}

function* validateVolume(volume: Frozen<Volume>, holder: Holder, path: string): Iterable<FieldError> {
  yield* validateSource(volume, holder, path)
  if (!volume.name) yield required(`${path}.name`)
  else yield* dns1123Label(`${path}.name`, volume.name)
}

/** Exactly one source; the first that is given counts. */
function* validateSource(volume: Frozen<Volume>, { podName, isPod }: Holder, path: string): Iterable<FieldError> {
  let found = false
  const { emptyDir, name } = volume
  if (emptyDir) {
    found = true
    if (emptyDir.sizeLimit !== undefined && compareAmounts(emptyDir.sizeLimit, '0') < 0) {
      yield fieldForbidden(`${path}.emptyDir.sizeLimit`, 'SizeLimit field must be a valid resource quantity')
    }
  }
  for (const { field, as, path: oneTypePath, validate } of VOLUME_SOURCES) {
    if (volume[field] === undefined) continue
    if (found) yield fieldForbidden(`${path}.${oneTypePath ?? field}`, 'may not specify more than 1 volume type')
    else {
      if (field === 'image' && isPod && !volume.image?.reference) yield required(`${path}.image.reference`)
      yield* validate(volume, `${path}.${as ?? field}`)
    }
    found = true
    const { iscsi } = volume
    if (field === 'iscsi' && iscsi?.initiatorName !== undefined && `${name}:${iscsi.targetPortal}`.length > 64) {
      const text =
        'Total length of <volume name>:<iscsi.targetPortal> must be under 64 characters if iscsi.initiatorName is specified.'
      yield invalid(`${path}.name`, name, text)
    }
    if (field === 'ephemeral' && podName && name) yield* validateClaimName(`${podName}-${name}`, name, `${path}.name`)
  }
  if (!found) yield required(path, 'must specify a volume type')
}

function validateClaimName(claim: string, name: string, field: string): FieldError[] {
  const texts = nameIsDnsSubdomain(claim, false).map((text) => `PVC name ${goQuote(claim)}: ${text}`)
  return problems(field, name, texts)
}

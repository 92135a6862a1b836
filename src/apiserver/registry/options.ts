import { type FieldError, fieldForbidden, invalidObject, notSupported, required } from '../../apimachinery/status.ts'
import { validateFieldManager } from '../../apimachinery/validation/meta.ts'
import { type Call, header } from '../request/call.ts'
import { isTrue } from '../request/info.ts'

/** What a write is asked to do besides its body. */
export interface WriteOptions {
  readonly dryRun: boolean
  readonly fieldManager: string
  readonly fieldValidation: FieldValidation
  /** The options as given, for admission. */
  readonly raw: Readonly<Record<string, unknown>>
}

export type FieldValidation = 'Ignore' | 'Warn' | 'Strict'

const FIELD_VALIDATIONS: readonly string[] = ['', 'Ignore', 'Strict', 'Warn']
const NO_OPTIONS: Readonly<Record<string, unknown>> = {}

/** Reads CreateOptions or UpdateOptions from the query. Throws 422 as upstream. */
export function readWriteOptions(call: Call, kind: 'CreateOptions' | 'UpdateOptions'): WriteOptions {
  return readOptions(call, kind, [])
}

function readOptions(call: Call, kind: string, further: readonly FieldError[]): WriteOptions {
  const { query } = call
  const manager = managerOf(call)
  if (query.size === 0 && further.length === 0)
    return { dryRun: false, fieldManager: manager, fieldValidation: 'Warn', raw: NO_OPTIONS }
  const dryRun = query.getAll('dryRun')
  const fieldManager = query.get('fieldManager') ?? ''
  const fieldValidation = query.get('fieldValidation') ?? ''
  const errors: FieldError[] = [
    ...further,
    ...validateFieldManager(fieldManager, 'fieldManager'),
    ...dryRunErrors(dryRun),
  ]
  if (!FIELD_VALIDATIONS.includes(fieldValidation)) {
    errors.push(notSupported('fieldValidation', fieldValidation, FIELD_VALIDATIONS))
  }
  if (errors.length > 0) throw invalidObject({ group: 'meta.k8s.io', kind }, '', errors)
  return {
    dryRun: dryRun.length > 0,
    fieldManager: fieldManager || manager,
    fieldValidation: (fieldValidation || 'Warn') as FieldValidation,
    raw: {
      ...(dryRun.length > 0 && { dryRun }),
      ...(fieldManager && { fieldManager }),
      ...(fieldValidation && { fieldValidation }),
    },
  }
}

/** Reads PatchOptions: apply must name its manager, and it alone can be forced. Throws 422 as upstream. */
export function readPatchOptions(call: Call, type: string): PatchOptions {
  const force = call.query.get('force')
  const further: FieldError[] = []
  if (type === 'apply') {
    if (!call.query.get('fieldManager')) further.push(required('fieldManager', 'is required for apply patch'))
  } else if (force !== null) further.push(fieldForbidden('force', 'may not be specified for non-apply patch'))
  return { ...readOptions(call, 'PatchOptions', further), force: isTrue(force) }
}

/** What a patch is asked to do besides its body. */
export interface PatchOptions extends WriteOptions {
  /** Apply takes fields from other managers. */
  readonly force: boolean
}

/** The only value of dryRun is All. */
export function dryRunErrors(dryRun: readonly string[]): FieldError[] {
  return dryRun.every((value) => value === 'All') ? [] : [notSupported('dryRun', dryRun, ['All'])]
}

const LONGEST_MANAGER = 128

/** The manager of a request that names none: what stands before the first slash of its User-Agent. */
function managerOf(call: Call): string {
  const agent = header(call.headers, 'user-agent')
  const slash = agent.indexOf('/')
  const name = slash < 0 ? agent : agent.slice(0, slash)
  return (/^[\x20-\x7e]*$/.test(name) ? name : name.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, '')).slice(0, LONGEST_MANAGER)
}

import { schemaFor } from '../../api/schema-for.ts'
import { badRequest, type FieldError, invalid, invalidObject, notSupported } from '../../apimachinery/status.ts'
import type { Call } from '../request/call.ts'
import { wholeNumber } from '../request/query.ts'
import { isTrue } from '../request/info.ts'
import { goQuote } from '../../lib/quote.ts'
import { type BodyKind, hasBody, readAnyVersion } from './body.ts'
import { dryRunErrors } from './options.ts'

/** metav1.DeleteOptions, read. */
export interface DeleteOptions {
  readonly gracePeriodSeconds?: number | undefined
  readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string } | undefined
  readonly orphanDependents?: boolean | undefined
  readonly propagationPolicy?: 'Orphan' | 'Background' | 'Foreground' | undefined
  readonly dryRun: boolean
  readonly raw: Readonly<Record<string, unknown>>
}

/** Reads the options from the body, or, when there is none, from the query. Throws 400, 415 and 422 as upstream. */
export async function readDeleteOptions(call: Call): Promise<DeleteOptions> {
  if (!(await hasBody(call))) return checked(fromQuery(call.query))
  return checkDeleteOptions(await readAnyVersion(call, DELETE_OPTIONS))
}

/** Clients send it in the group of what they delete, or in that of metav1: any will do. */
const DELETE_OPTIONS: BodyKind = {
  group: '',
  version: 'v1',
  kind: 'DeleteOptions',
  get schema() {
    return schemaFor('io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions')
  },
}

/** Options that came in a body. Throws 400 and 422 as upstream. */
export function checkDeleteOptions(body: Record<string, unknown>): DeleteOptions {
  return checked(optionsOf(body))
}

function checked(raw: RawDeleteOptions): DeleteOptions {
  const errors = validate(raw)
  if (errors.length > 0) throw invalidObject({ group: 'meta.k8s.io', kind: 'DeleteOptions' }, '', errors)
  const { dryRun = [], ...options } = raw
  return { ...options, dryRun: dryRun.length > 0, raw: { ...raw } }
}

type RawDeleteOptions = Omit<DeleteOptions, 'dryRun' | 'raw'> & { readonly dryRun?: readonly string[] }

function optionsOf({ kind, apiVersion, ...options }: Record<string, unknown>): RawDeleteOptions {
  if (kind !== undefined && kind !== 'DeleteOptions') {
    const [shown, version] = [kind, apiVersion ?? 'v1'] as [string, string]
    const of = `${goQuote(shown)} is registered for version ${goQuote(version)}`
    throw badRequest(`no kind ${of} in scheme "pkg/api/legacyscheme/scheme.go:30"`)
  }
  return options as RawDeleteOptions
}

function fromQuery(query: URLSearchParams): RawDeleteOptions {
  if (query.size === 0) return {}
  const grace = query.get('gracePeriodSeconds')
  const orphan = query.get('orphanDependents')
  const policy = query.get('propagationPolicy')
  const dryRun = query.getAll('dryRun')
  return {
    ...(grace !== null && { gracePeriodSeconds: wholeNumber(grace) }),
    ...(orphan !== null && { orphanDependents: isTrue(orphan) }),
    ...(policy !== null && { propagationPolicy: policy as 'Orphan' }),
    ...(dryRun.length > 0 && { dryRun }),
  }
}

const POLICIES = ['Foreground', 'Background', 'Orphan']

function validate({ orphanDependents, propagationPolicy, dryRun = [] }: RawDeleteOptions): FieldError[] {
  const errors: FieldError[] = []
  if (propagationPolicy !== undefined && orphanDependents !== undefined) {
    errors.push(
      invalid('propagationPolicy', propagationPolicy, 'orphanDependents and deletionPropagation cannot be both set'),
    )
  }
  if (propagationPolicy !== undefined && !POLICIES.includes(propagationPolicy)) {
    errors.push(notSupported('propagationPolicy', propagationPolicy, [...POLICIES, 'nil']))
  }
  return [...errors, ...dryRunErrors(dryRun)]
}

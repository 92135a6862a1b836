import { certificatesProblem } from '../../../apiserver/authn/configuration/validate-issuer.ts'
import { aggregateMessage } from '../../../apimachinery/aggregate.ts'
import type { ApiFlag } from '../../../cli/api-flags/flag.ts'
import type { ApiFlagValues } from '../../../cli/api-flags/values.ts'
import { certificateBlocks } from '../pem.ts'
import { refused } from './refusals.ts'

/** Flags about client certificates. */
export const CERTIFICATE_FLAGS: readonly ApiFlag[] = [
  {
    name: 'client-ca-file',
    kind: 'file',
    description: "authorities whose client certificates are users too, beside the cluster's own",
  },
  {
    name: 'requestheader-client-ca-file',
    kind: 'file',
    description: "authorities of front proxies that tell who their clients are, beside the cluster's own",
  },
  {
    name: 'requestheader-allowed-names',
    kind: 'list',
    description: 'the common names of such proxies; all that the authorities signed when absent',
  },
  { name: 'requestheader-username-headers', kind: 'list', description: 'headers that name the user' },
  { name: 'requestheader-uid-headers', kind: 'list', description: "headers that tell the user's uid" },
  { name: 'requestheader-group-headers', kind: 'list', description: 'headers that name a group' },
  { name: 'requestheader-extra-headers-prefix', kind: 'list', description: 'what headers begin with that tell more' },
]

/** A front proxy that is believed. Names of headers are lower-case. */
export interface FrontProxyConfig {
  /** In PEM. */
  readonly ca: string
  readonly allowedNames: readonly string[]
  readonly usernameHeaders: readonly string[]
  readonly uidHeaders: readonly string[]
  readonly groupHeaders: readonly string[]
  readonly extraPrefixes: readonly string[]
  /** As the flags say them, for those who are told whom to trust. */
  readonly named: readonly (readonly [flag: string, values: readonly string[]])[]
}

export interface CertificateConfig {
  /** In PEM. */
  readonly clientCa?: string
  readonly frontProxy?: FrontProxyConfig
  /** Where they were read, and are read anew. */
  readonly files: { readonly clientCa?: string | undefined; readonly frontProxyCa?: string | undefined }
}

/** Throws a UserError in upstream's words for what cannot be. */
export function certificateConfig(flags: ApiFlagValues, read: (file: string) => string): CertificateConfig {
  const clientCa = bundleOf('client-ca-bundle', flags.text('client-ca-file'), read)
  const ca = bundleOf('request-header', flags.text('requestheader-client-ca-file'), read)
  const allowedNames = flags.list('requestheader-allowed-names')
  const problems = [...headerProblems(flags)]
  if (clientCa !== undefined && ca !== undefined && allowedNames.length === 0 && overlap(clientCa, ca)) {
    problems.push(
      '--requestheader-client-ca-file and --client-ca-file contain overlapping certificates; --requestheader-allowed-names must be specified to ensure regular client certificates cannot set authenticating proxy headers for arbitrary users',
    )
  }
  if (problems.length > 0) throw refused(aggregateMessage(problems))
  const lower = (name: string): readonly string[] => flags.list(name).map((header) => header.trim().toLowerCase())
  return {
    ...(clientCa !== undefined && { clientCa }),
    ...(ca !== undefined && {
      frontProxy: {
        ca,
        allowedNames,
        usernameHeaders: lower('requestheader-username-headers'),
        uidHeaders: lower('requestheader-uid-headers'),
        groupHeaders: lower('requestheader-group-headers'),
        extraPrefixes: lower('requestheader-extra-headers-prefix'),
        named: CERTIFICATE_FLAGS.filter(({ kind }) => kind === 'list').map(
          ({ name }) => [name, flags.list(name)] as const,
        ),
      },
    }),
    files: {
      clientCa: flags.text('client-ca-file'),
      frontProxyCa: flags.text('requestheader-client-ca-file'),
    },
  }
}

function* headerProblems(flags: ApiFlagValues): Iterable<string> {
  for (const { name, kind } of CERTIFICATE_FLAGS) {
    if (kind !== 'list' || !flags.list(name).some((value) => value.trim() === '')) continue
    yield `empty value in "${name}"`
  }
  const uids = flags.list('requestheader-uid-headers')
  if (uids.length > 0 && !uids.some((header) => header.toLowerCase() === 'x-remote-uid')) {
    yield '--requestheader-uid-headers is set without specifying the standard X-Remote-Uid header - API aggregation will not work'
  }
}

/** What the files hold now. Throws for what cannot be used. */
export function rereadAuthorities(config: CertificateConfig, read: (file: string) => string): CertificateConfig {
  const clientCa = bundleOf('client-ca-bundle', config.files.clientCa, read)
  const ca = bundleOf('request-header', config.files.frontProxyCa, read)
  return {
    ...config,
    ...(clientCa !== undefined && { clientCa }),
    ...(config.frontProxy && ca !== undefined && { frontProxy: { ...config.frontProxy, ca } }),
  }
}

function bundleOf(what: string, file: string | undefined, read: (file: string) => string): string | undefined {
  if (file === undefined) return undefined
  const pem = read(file)
  if (pem.trim() === '') throw refused(`missing content for CA bundle "${what}::${file}"`)
  const problem = certificatesProblem(pem)
  if (problem !== undefined) throw refused(`unable to load client CA file ${JSON.stringify(file)}: ${problem}`)
  return pem
}

function overlap(a: string, b: string): boolean {
  const plain = (pem: string): string[] => certificateBlocks(pem).map((one) => one.replaceAll(/\s/g, ''))
  const known = new Set(plain(a))
  return plain(b).some((one) => known.has(one))
}

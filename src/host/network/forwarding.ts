import { runCommand } from '../run-command.ts'

/** The chain by which iptables, and so Docker, decides what the machine forwards. */
const CHAIN = 'ip filter FORWARD'

/** What `nft --json list chain` tells of it. */
interface Listing {
  readonly nftables: readonly {
    readonly chain?: { readonly policy?: string }
    readonly rule?: { readonly handle: number; readonly comment?: string }
  }[]
}

/**
 * Lets traffic of pods pass where the machine forwards nothing unasked, as Docker sets it up: every table has a say, and one
 * that drops outdoes ours. Does nothing elsewhere, or when it was done before.
 */
export async function allowForwarding(bridge: string): Promise<void> {
  const listing = await listChain()
  const drops = listing?.nftables.some(({ chain }) => chain?.policy === 'drop')
  if (!listing || drops !== true || handles(listing, bridge).length > 0) return
  const rule = (match: string): string =>
    `insert rule ${CHAIN} ${match} "${bridge}" accept comment "${commentOf(bridge)}"\n`
  await runCommand('nft', ['-f', '-'], { input: rule('iifname') + rule('oifname') })
}

/** Takes the rules for `bridge` out again. */
export async function removeForwarding(bridge: string): Promise<void> {
  const listing = await listChain()
  if (!listing) return
  const input = handles(listing, bridge).map((handle) => `delete rule ${CHAIN} handle ${handle}\n`)
  if (input.length > 0) await runCommand('nft', ['-f', '-'], { input: input.join('') })
}

/** Undefined where there is no such chain, or no nft. */
async function listChain(): Promise<Listing | undefined> {
  const args = ['--json', '--handle', 'list', 'chain', ...CHAIN.split(' ')]
  const { code, stdout } = await runCommand('nft', args, { allowFailure: true })
  return code === 0 ? (JSON.parse(stdout) as Listing) : undefined
}

function handles({ nftables }: Listing, bridge: string): number[] {
  return nftables.flatMap(({ rule }) => (rule?.comment === commentOf(bridge) ? [rule.handle] : []))
}

function commentOf(bridge: string): string {
  return `pods of ${bridge}`
}

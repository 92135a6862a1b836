/** What is typed at a prompt, and what a reader is told to see. */
export interface Step {
  readonly command: string
  readonly shown: string
}

/** The commands of a README: what stands behind `$` in its blocks of console, each with what is shown under it. */
export function stepsOf(readme: string): readonly Step[] {
  const blocks = [...readme.matchAll(/^```console\n(.*?)^```$/gms)].map(([, block = '']) => block)
  return blocks.flatMap((block) => {
    const [, ...typed] = `\n${block}`.split('\n$ ')
    return typed.map((text) => {
      const [, command = '', shown = ''] = /^((?:[^\n]*\\\n)*[^\n]*)\n?(.*)$/s.exec(text) ?? []
      return { command, shown: shown.trim() }
    })
  })
}

/** Whether something is what was shown: `…` stands for anything in a line, alone in a line for any lines, a space for any. */
export function isAsShown(shown: string, seen: string): boolean {
  const lines = shown.split('\n').map((line) => {
    if (line.trim() === '…') return '(?:.*\n)*?'
    const words = line
      .trim()
      .split(/\s+/)
      .map((word) => word.split('…').map(escaped).join('.*'))
    return `${words.join('[ \\t]+')}[ \\t]*\n`
  })
  return new RegExp(`^${lines.join('')}$`).test(`${seen.trim()}\n`)
}

function escaped(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&')
}

/** Whether a reader is told that the command fails. */
export function isToFail({ shown }: Step): boolean {
  return /^error|^Error|denied request|cannot create/m.test(shown)
}

/** Whether asking again changes nothing, so that it can be asked until what was done before has got round. */
export function canBeAskedAgain({ command }: Step): boolean {
  return /kubectl.* (get|auth|config) |--dry-run=server|^(grep|curl)/.test(command)
}

import { CONTROLS, type Control } from './controls.ts'

const SECTIONS: Readonly<Record<string, string>> = {
  '1.1': 'Files of the control plane',
  '1.2': 'API server',
  '1.3': 'Controllers',
  '1.4': 'Scheduler',
  '2': 'etcd',
  '3.1': 'Authentication',
  '3.2': 'Audit',
  '4.1': 'Files of nodes',
  '4.2': 'Node agent',
  '4.3': 'Service proxy',
  '5.1': 'RBAC and service accounts',
  '5.2': 'Pod Security',
  '5.3': 'Network policies',
  '5.4': 'Secrets',
  '5.5': 'Images',
  '5.6': 'Policies in general',
}

const HEAD = `# CIS Kubernetes Benchmark 1.12

What each control is meant to achieve, in our words, and what holds it here: a test in \`test/security/cis\` that is named after it, a test elsewhere, or the reason
why there is nothing to test. Flags and files of upstream's programs that are not here are judged by what they are for. A test checks that this page is current.
`

/** The page of the controls. */
export function page(): string {
  const rows = Object.entries(CONTROLS).map(([id, control]) => ({
    id,
    section: sectionOf(id),
    row: rowOf(id, control),
  }))
  const parts = Object.entries(SECTIONS).map(([section, title]) => {
    const own = rows.filter((one) => one.section === section).map(({ row }) => row)
    return `\n## ${section} ${title}\n| | what | held by |\n|---|---|---|\n${own.join('\n')}\n`
  })
  return HEAD + parts.join('')
}

function sectionOf(id: string): string {
  return id.startsWith('2.') ? '2' : id.split('.').slice(0, 2).join('.')
}

function rowOf(id: string, { says, because, heldBy }: Control): string {
  const held = because ?? (heldBy ? `\`${heldBy[0]}\`: ${heldBy[1]}` : 'its test')
  return `| ${id} | ${says} | ${held} |`
}

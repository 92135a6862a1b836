import { existsSync } from 'node:fs'
import { runCommand } from '../run-command.ts'

/** Removes a network link and with it the ends that hang on it. */
export async function removeLink(name: string): Promise<void> {
  if (!existsSync(`/sys/class/net/${name}`)) return
  await runCommand('ip', ['link', 'delete', name])
}

/** Removes the nft tables whose name starts with `prefix`, in one transaction. */
export async function removeTables(prefix: string): Promise<void> {
  const { stdout, code } = await runCommand('nft', ['list', 'tables'], { allowFailure: true })
  if (code !== 0) return
  const tables = tablesNamed(stdout, prefix)
  if (tables.length === 0) return
  const input = tables.map((table) => `delete table ${table}\n`).join('')
  await runCommand('nft', ['-f', '-'], { input })
}

/** The tables, each with its family, that `nft list tables` tells of and whose name starts with `prefix`. */
export function tablesNamed(listing: string, prefix: string): string[] {
  const lines = listing.split('\n').map((line) => line.trim().split(' '))
  return lines.flatMap(([word, family = '', name = '']) =>
    word === 'table' && name.startsWith(prefix) ? [`${family} ${name}`] : [],
  )
}

import { isDns1123Label } from '../../../../apimachinery/validation/names.ts'

/** A workload's name becomes part of its pods' names, and a pod's name is its hostname. */
export function nameWarnings(name: string | undefined, use = 'Pod names and hostnames'): string[] {
  const wrong = isDns1123Label(name ?? '')
  if (wrong.length === 0) return []
  return [
    `metadata.name: this is used in ${use}, which can result in surprising behavior; a DNS label is recommended: [${wrong.join(' ')}]`,
  ]
}

import type { Container } from '../pod/spec.ts'

/**
 * Identifies the definition a container was made from: its name and image, the fields whose change restarts it
 * (upstream's pickFieldsToHash). FNV-1a, in hex.
 */
export function hashOf(container: Container): string {
  let hash = 0x811c9dc5
  for (const char of JSON.stringify([container.name, container.image ?? ''])) {
    hash = Math.imul(hash ^ (char.codePointAt(0) ?? 0), 0x01000193)
  }
  return (hash >>> 0).toString(16)
}

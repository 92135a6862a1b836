/** An interface of a declaration file with its comments: its own under the empty name, its fields' under theirs. */
export interface Declared {
  readonly name: string
  readonly texts: Record<string, string>
}

/** The documented interfaces of a declaration file as kubernetes-models writes it: `export interface IPod { "spec"?: ... }`. */
export function parseDeclarations(source: string): Declared[] {
  const found: Declared[] = []
  let inside: Declared | undefined
  let comment: string[] | undefined
  let finished: string | undefined
  for (const line of source.split('\n')) {
    if (comment) {
      if (/\*\/\s*$/.test(line)) {
        finished = comment.join('\n').trim()
        comment = undefined
      } else comment.push(line.replace(/^\s*\* ?/, '').replace(/\\([*/])/g, '$1'))
      continue
    }
    if (/^\s*\/\*\*\s*$/.test(line)) {
      comment = []
      continue
    }
    const name = /^export interface I(\w+)/.exec(line)?.[1]
    if (name) found.push((inside = { name, texts: finished ? { '': finished } : {} }))
    const field = inside && /^ {4}"([^"]+)"\??:/.exec(line)?.[1]
    if (inside && field && finished) inside.texts[field] = finished
    if (line.startsWith('}')) inside = undefined
    finished = undefined
  }
  return found
}

/** A generator's marker in a comment: `+name`, `+name=value` or `+name(arguments)=value`. */
export interface Marker {
  readonly name: string
  /** With their parentheses; empty when there are none. */
  readonly args: string
  /** Empty when the marker has none. */
  readonly value: string
}

/** The markers of comment lines, in order. */
export function markersOf(lines: readonly string[]): Marker[] {
  return lines.flatMap((line) => {
    const match = /^\s*\+([A-Za-z][\w:.-]*)(\((?:"[^"]*"|[^)"])*\))?(?:=(.*))?\s*$/.exec(line)
    return match ? [{ name: match[1] ?? '', args: match[2] ?? '', value: (match[3] ?? '').trim() }] : []
  })
}

/** The first value of a marker, or undefined when it isn't there. */
export function markerValue(lines: readonly string[], name: string): string | undefined {
  return markersOf(lines).find((marker) => marker.name === name)?.value
}

/** Every value of a marker, in order. */
export function markerValues(lines: readonly string[], name: string): string[] {
  return markersOf(lines).flatMap((marker) => (marker.name === name ? [marker.value] : []))
}

/** Whether a marker is there. */
export function hasMarker(lines: readonly string[], name: string): boolean {
  return markerValue(lines, name) !== undefined
}

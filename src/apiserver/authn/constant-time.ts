/** Whether two texts are the same; it takes as long wherever they differ. */
export function isSame(known: string, shown: string): boolean {
  if (known.length !== shown.length) return false
  let difference = 0
  for (let i = 0; i < known.length; i++) difference |= known.charCodeAt(i) ^ shown.charCodeAt(i)
  return difference === 0
}

/** How strategic merge orders a merged list: by the patch where it names items, by the live list otherwise. */

type JsonObject = Readonly<Record<string, unknown>>

/** What identifies an item: its merge key's value, or itself when there is no merge key. */
export function identity(item: unknown, mergeKey: string): unknown {
  return mergeKey === '' ? item : (item as JsonObject)[mergeKey]
}

/** The first place of each identity in a list. */
export function places(items: readonly unknown[], mergeKey: string): Map<unknown, number> {
  const found = new Map<unknown, number>()
  items.forEach((item, index) => {
    const id = identity(item, mergeKey)
    if (!found.has(id)) found.set(id, index)
  })
  return found
}

/**
 * Brings `merged` in order. Items that `patchOrder` names stand in its order; the others stay in the order of
 * `liveOrder`, as near to their old neighbours as that allows.
 */
export function orderMerged(
  merged: readonly unknown[],
  patchOrder: readonly unknown[],
  liveOrder: readonly unknown[],
  mergeKey: string,
): unknown[] {
  const patchPlace = places(patchOrder, mergeKey)
  const livePlace = places(liveOrder, mergeKey)
  const inPatch = (item: unknown): boolean => patchPlace.has(identity(item, mergeKey))
  const patched = merged.filter(inPatch)
  const serverOnly = merged.filter((item) => !inPatch(item))
  return interleave(
    sorted(serverOnly, (item) => livePlace.get(identity(item, mergeKey))),
    sorted(patched, (item) => patchPlace.get(identity(item, mergeKey))),
    (item) => livePlace.get(identity(item, mergeKey)),
  )
}

type Place = (item: unknown) => number | undefined

function sorted(items: readonly unknown[], place: Place): unknown[] {
  const last = items.length + 1
  return items
    .map((item) => ({ item, at: place(item) ?? last }))
    .sort((a, b) => a.at - b.at)
    .map(({ item }) => item)
}

/** Merges two lists that are in order; an item of `left` comes first where the live list had it so. */
function interleave(left: readonly unknown[], right: readonly unknown[], livePlace: Place): unknown[] {
  const all: unknown[] = []
  let i = 0
  let j = 0
  while (i < left.length && j < right.length) {
    const [l, r] = [livePlace(left[i]), livePlace(right[j])]
    if (l !== undefined && r !== undefined && l < r) all.push(left[i++])
    else all.push(right[j++])
  }
  return [...all, ...left.slice(i), ...right.slice(j)]
}

import type { Step } from '../case.ts'
import { differences } from '../compare.ts'
import type { Facts } from '../normalise.ts'

/** What a difference is like: names, numbers and quoted words taken out, so that the same fault falls into the same class. */
export function classOf(
  family: string,
  step: Step | undefined,
  wanted: Facts | undefined,
  got: Facts | undefined,
): string {
  const all = differences(wanted, got)
  const message = all.find(({ at }) => at === 'body.message')
  const first = all.find(({ at }) => at === 'status' && message === undefined) ?? message ?? all[0]
  const codes = wanted?.status === got?.status ? String(wanted?.status) : `${wanted?.status}/${got?.status}`
  return [
    family,
    step?.method,
    codes,
    place(first?.at ?? ''),
    `${abstract(first?.wanted)} | ${abstract(first?.got)}`,
  ].join(' ')
}

const place = (at: string): string => at.replaceAll(/\.\d+(?=\.|$)/g, '.*')

function abstract(value: unknown): string {
  const text = value === undefined ? '(nothing)' : JSON.stringify(value)
  return text
    .replaceAll(/\\"(?:[^"\\]|\\\\.)*\\"/g, 'Q')
    .replaceAll(/\d+/g, 'N')
    .slice(0, 90)
}

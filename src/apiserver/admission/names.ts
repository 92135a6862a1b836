import { isPathSegmentName } from '../../apimachinery/validation/names.ts'

/** What a client says of a name that cannot stand in a path, before it sends anything; undefined when it can. */
export function pathProblem(name: string): string | undefined {
  if (name === '') return 'resource name may not be empty'
  const texts = isPathSegmentName(name)
  return texts.length === 0 ? undefined : `invalid resource name ${JSON.stringify(name)}: [${texts.join(' ')}]`
}

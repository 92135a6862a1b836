import { META, type Descriptions } from './model.ts'

/** Texts by model and field; a model's own under the empty name. */
type Texts = Readonly<Record<string, Readonly<Record<string, string>>>>

/** What apiVersion and kind are is said once, for one kind that has them. */
const OF_EVERY_KIND = `${META}.DeleteOptions`

/** Reads what the build wrote to dist/descriptions.json. */
export function parseDescriptions(json: string): Descriptions {
  const texts = JSON.parse(json) as Texts
  return {
    of(model, field = '') {
      const own = texts[model]?.[field]
      if (own !== undefined || (field !== 'apiVersion' && field !== 'kind')) return own
      return texts[OF_EVERY_KIND]?.[field]
    },
  }
}

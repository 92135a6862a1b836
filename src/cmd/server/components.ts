import { EXIT, UserError } from '../../host/user-error.ts'

/** What a server process can be made of. `node` is the node agent with the service proxy and DNS, or simulated nodes. */
export const COMPONENTS = ['apiserver', 'controllers', 'scheduler', 'node'] as const
export type Component = (typeof COMPONENTS)[number]

export const ALL_COMPONENTS: ReadonlySet<Component> = new Set(COMPONENTS)

/** Reads `all`, or names with commas between. A UserError for anything else. */
export function parseComponents(text: string): ReadonlySet<Component> {
  if (text === 'all') return ALL_COMPONENTS
  const names = text.split(',').map((name) => name.trim())
  const unknown = names.find((name) => !isComponent(name))
  if (unknown !== undefined) {
    throw new UserError(`there is no component "${unknown}"`, {
      hints: [`choose of ${COMPONENTS.join(', ')}, with commas between, or all`],
      exitCode: EXIT.usage,
    })
  }
  return new Set(names.filter(isComponent))
}

function isComponent(name: string): name is Component {
  return (COMPONENTS as readonly string[]).includes(name)
}

/** Gives a variable's value, or undefined when it isn't defined. */
export type Variables = (name: string) => string | undefined

/**
 * Replaces `$(NAME)` by the variable's value; `$$` stands for `$`, and what isn't defined stays as written
 * (upstream's third_party/forked/golang/expansion).
 */
export function expand(text: string, variables: Variables): string {
  return text.replaceAll(/\$\$|\$\(([^)]*)\)/g, (match: string, name: string | undefined) =>
    name === undefined ? '$' : (variables(name) ?? match),
  )
}

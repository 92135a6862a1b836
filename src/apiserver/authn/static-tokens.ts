import type { TokenAuthenticator } from './tokens.ts'
import type { UserInfo } from './types.ts'

/** Tokens that stand in a file from the start to the end. */
export function staticTokens(users: ReadonlyMap<string, UserInfo>): TokenAuthenticator {
  return {
    authenticateToken(token) {
      const user = users.get(token)
      return user && { user }
    },
  }
}

/**
 * Reads upstream's --token-auth-file: lines of `token,user,uid[,"group1,group2"]` in CSV. Throws an Error for a line that is not so; empty
 * tokens are skipped.
 */
export function parseTokenFile(text: string): Map<string, UserInfo> {
  const users = new Map<string, UserInfo>()
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    if (line.trim() === '') continue
    const [token = '', name, uid, groups = ''] = parseCsvLine(line)
    if (name === undefined || uid === undefined) {
      throw new Error(`line ${index + 1} of the token file must have at least 3 columns: token, user name, user uid`)
    }
    if (token === '') continue
    const list = groups.split(',').map((group) => group.trim())
    users.set(token, { name, uid, groups: list.filter((group) => group !== '') })
  }
  return users
}

/** RFC 4180 without line breaks inside fields; blanks around a field do not count. */
function parseCsvLine(line: string): string[] {
  const field = /\s*(?:"((?:[^"]|"")*)"\s*|([^,]*))(,|$)/y
  const fields: string[] = []
  for (;;) {
    const match = field.exec(line)
    if (!match) throw new Error('the token file has a quote that does not stand around a whole field')
    const [, quoted, plain = '', end] = match
    fields.push(quoted?.replaceAll('""', '"') ?? plain.trim())
    if (end === '') return fields
  }
}

/** The messages of a generated.proto, as far as comparing field numbers and types needs them. */
export interface ProtoField {
  readonly number: number
  /** Repeated fields are `[]T`, maps `{}T`; a message of another package has its full name. */
  readonly type: string
}

/** Fields by message. */
export function parseProto(source: string): Map<string, ProtoField[]> {
  const messages = new Map<string, ProtoField[]>()
  let fields: ProtoField[] = []
  for (const line of source.replace(/\/\/.*$/gm, '').split('\n')) {
    const message = /^message (\w+) \{/.exec(line)
    if (message) messages.set(message[1] ?? '', (fields = []))
    const field = /^\s+(optional|repeated|map<string,) ?([\w.]+)>? (\w+) = (\d+)/.exec(line)
    if (!field) continue
    const [, label, type = '', , number] = field
    const prefix = label === 'repeated' ? '[]' : label === 'optional' ? '' : '{}'
    fields.push({ number: Number(number), type: prefix + type.replace(/^\./, '') })
  }
  return messages
}

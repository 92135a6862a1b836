/** Several errors as upstream's aggregate words them: alone as it is, many in brackets, each once. */
export function aggregateMessage(errors: readonly unknown[]): string {
  const messages = [...new Set(errors.map((error) => (error instanceof Error ? error.message : String(error))))]
  return messages.length === 1 ? (messages[0] ?? '') : `[${messages.join(', ')}]`
}

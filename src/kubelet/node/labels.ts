import type { Machine } from '../host/machine.ts'

/** The labels that every node carries. */
export function defaultLabels(
  machine: Pick<Machine, 'architecture' | 'hostname'>,
  nodeName: string,
): Record<string, string> {
  return {
    'beta.kubernetes.io/arch': machine.architecture,
    'beta.kubernetes.io/os': 'linux',
    'kubernetes.io/arch': machine.architecture,
    'kubernetes.io/hostname': nodeName,
    'kubernetes.io/os': 'linux',
  }
}

import { hasCode } from './error.ts'
import type { RuntimeService } from './services.ts'

export type CgroupDriver = 'cgroupfs' | 'systemd'

/** What makes the runtime's cgroups. Asked by CRI (KEP-4033); a containerd before 2.0 tells by its own configuration. */
export async function cgroupDriverOf(runtime: RuntimeService): Promise<CgroupDriver> {
  try {
    const { linux } = await runtime.runtimeConfig()
    return linux?.cgroupDriver === 'SYSTEMD' ? 'systemd' : 'cgroupfs'
  } catch (error) {
    if (!hasCode(error, 'Unimplemented')) throw error
  }
  const { info } = await runtime.status(true)
  return driverInConfig(info.config ?? '{}')
}

/** containerd's CRI plugin shows its configuration as JSON. */
export function driverInConfig(json: string): CgroupDriver {
  const { containerd = {} } = JSON.parse(json) as {
    containerd?: {
      defaultRuntimeName?: string
      runtimes?: Record<string, { options?: { SystemdCgroup?: boolean } | null }>
    }
  }
  const chosen = containerd.runtimes?.[containerd.defaultRuntimeName ?? 'runc']
  return chosen?.options?.SystemdCgroup === true ? 'systemd' : 'cgroupfs'
}

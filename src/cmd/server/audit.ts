import { BufferedBackend } from '../../apiserver/audit/backends/buffered.ts'
import { logBackend, type LogFile } from '../../apiserver/audit/backends/log.ts'
import {
  type AuditBackend,
  gathering,
  ignoringErrors,
  type LostEvents,
  unionOf,
} from '../../apiserver/audit/backends/sink.ts'
import { truncating } from '../../apiserver/audit/backends/truncate.ts'
import { webhookBackend } from '../../apiserver/audit/backends/webhook.ts'
import { RotatedFile } from '../../apiserver/audit/host/rotated-file.ts'
import type { RemoteService } from '../../apiserver/remote/service.ts'
import { UserError } from '../../host/user-error.ts'
import type { Env } from '../../lib/env.ts'
import { type AuditConfig, type BackendConfig, type LogConfig } from './api-config/audit.ts'
import { goReason } from './api-config/refusals.ts'
import type { AuditOptions } from './guarded-api.ts'
import { remoteService } from './remote-service.ts'

/** How long a receiver of events may take: upstream's time. */
const WEBHOOK_TIMEOUT_MS = 30_000

/** The audit that a server is to have; undefined for none. Files are opened: a UserError when that cannot be. */
export function auditOf({ policy, warnings, log, webhook }: AuditConfig, env: Env): AuditOptions | undefined {
  for (const violation of warnings) {
    const err = `strict decoding error: ${violation}`
    env.log.warn('Audit policy contains errors, falling back to lenient decoding', { err })
  }
  const file = log && logFile(log, env)
  if (!policy || (!log && !webhook)) return undefined
  const service = webhook && receiver(webhook.kubeconfig, env)
  return {
    policy,
    backend(lost) {
      const backends: AuditBackend[] = []
      if (log && file) backends.push(fed(logBackend(file, log.format, lost), log, env, lost))
      if (webhook && service) {
        backends.push(fed(webhookBackend(service, webhook.initialBackoffMs, env, lost), webhook, env, lost))
      }
      return unionOf(backends)
    },
  }
}

function fed(
  backend: AuditBackend,
  { mode, batch, truncate }: BackendConfig,
  env: Env,
  lost: LostEvents,
): AuditBackend {
  const paced = inMode()
  return truncate ? truncating(paced, truncate, lost) : paced

  function inMode(): AuditBackend {
    switch (mode) {
      case 'batch':
        return new BufferedBackend(backend, batch, env, lost)
      case 'blocking':
        return batch.async ? ignoringErrors(backend) : gathering(backend)
      case 'blocking-strict':
        return backend
    }
  }
}

function logFile({ path, rotation }: LogConfig, { clock }: Env): LogFile {
  if (path === '-') return { write: (bytes) => void process.stdout.write(bytes.slice()), close: async () => {} }
  try {
    return new RotatedFile(path, rotation, clock)
  } catch (error) {
    const { syscall = 'open', path: at = path } = error as NodeJS.ErrnoException
    throw new UserError(`ensureLogFile: ${syscall} ${at}: ${goReason(error)}`, { cause: error })
  }
}

function receiver(kubeconfig: string, { clock }: Env): RemoteService {
  try {
    return remoteService(kubeconfig, WEBHOOK_TIMEOUT_MS, clock)
  } catch (error) {
    const { message } = error as Error
    throw new UserError(`initializing audit webhook: ${message}`, { cause: error })
  }
}

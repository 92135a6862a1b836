import { CommandError, runCommand } from '../run-command.ts'
import { EXIT, UserError } from '../user-error.ts'

export interface InstallOptions {
  readonly packages: readonly string[]
  /** Called with each line that apt-get says. */
  readonly onLine?: (line: string) => void
  readonly signal?: AbortSignal
}

/** apt-get asks nothing, and waits for another apt-get to end instead of failing. */
const APT_OPTIONS = ['-y', '-o', 'DPkg::Lock::Timeout=120']

/** Installs packages with apt-get, fetching the package lists first when that turns out to be needed. */
export async function installPackages(options: InstallOptions): Promise<void> {
  const install = ['install', ...APT_OPTIONS, '--no-install-recommends', ...options.packages]
  const first = await apt(install, options, true)
  if (first.code === 0) return
  // Package lists may be old or absent, as in container images: fetch them, then try again.
  await apt(['update', ...APT_OPTIONS], options, false)
  await apt(install, options, false)
}

async function apt(args: readonly string[], options: InstallOptions, allowFailure: boolean): Promise<{ code: number }> {
  try {
    return await runCommand('apt-get', args, {
      env: { DEBIAN_FRONTEND: 'noninteractive' },
      onOutput: (text) =>
        text
          .split('\n')
          .filter(Boolean)
          .forEach((line) => options.onLine?.(line)),
      allowFailure,
      ...(options.signal && { signal: options.signal }),
    })
  } catch (error) {
    if (!(error instanceof CommandError)) throw error
    throw new UserError(`apt-get could not install ${options.packages.join(', ')}`, {
      hints: [error.message, 'put that right, or install them yourself and run: skiff up --no-install'],
      exitCode: EXIT.hostNotReady,
      cause: error,
    })
  }
}

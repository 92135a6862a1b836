import { spawn } from 'node:child_process'

/** `nft` refused a script: nothing of it was applied. */
export class NftError extends Error {
  constructor(stderr: string, options?: ErrorOptions) {
    super(`nft: ${stderr}`, options)
    this.name = 'NftError'
  }
}

/** Hands a script to `nft -f -`: one transaction, all or nothing. Rejects with NftError. */
export function runNft(script: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn('nft', ['-f', '-'], { stdio: ['pipe', 'ignore', 'pipe'] })
    let stderr = ''
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      if (stderr.length < 4096) stderr += text
    })
    child.on('error', (error) => reject(new NftError(error.message, { cause: error })))
    child.on('close', (code) => (code === 0 ? resolve() : reject(new NftError(stderr.trim() || `exit code ${code}`))))
    child.stdin.on('error', (error) => reject(new NftError(error.message, { cause: error })))
    child.stdin.end(script)
  })
}

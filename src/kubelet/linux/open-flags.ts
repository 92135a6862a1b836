import { constants } from 'node:fs'

/** Open flags that Node doesn't name. */
export const O_PATH = 0o10000000
export const { O_DIRECTORY, O_NOFOLLOW, O_RDONLY } = constants

/** How a simulated container behaves each time it is started. */
export interface ContainerScript {
  /** How long starting it takes, in ms. */
  readonly startMs?: number
  /** Starting it fails with this text. */
  readonly startError?: string
  /** It ends by itself after so long; absent: it runs until it is stopped. */
  readonly runMs?: number
  /** What it ends with by itself. Default 0. */
  readonly exitCode?: number
  /** What it leaves as its termination message. */
  readonly message?: string
  /** How long it takes to end when asked to, in ms. Longer than its grace period: it is killed. */
  readonly stopMs?: number
  /** Its readiness and startup probes pass from so long after its start on; `never`: they fail. Default: at once. */
  readonly readyAfterMs?: number | 'never'
  /** Its liveness probe fails from so long after its start on. */
  readonly liveForMs?: number
  /** What it writes to its standard output when it starts. */
  readonly logs?: readonly string[]
  /** What commands run in it answer, by their words joined with blanks; `*` for all others. */
  readonly exec?: Readonly<Record<string, ExecAnswer>>
  /** What it uses. */
  readonly cpuMillis?: number
  readonly memoryBytes?: number
}

export interface ExecAnswer {
  readonly stdout?: string
  readonly stderr?: string
  readonly exitCode?: number
}

/** How a simulated pod behaves. */
export interface PodScript {
  /** How long its sandbox takes to make, in ms. */
  readonly sandboxMs?: number
  /** Making its sandbox fails with this text. */
  readonly sandboxError?: string
  /** By container name, `*` for all others. A list is for its first, second … start; the last entry goes on. */
  readonly containers?: Readonly<Record<string, ContainerScript | readonly ContainerScript[]>>
}

/** How a simulated image behaves. Images are there unless told otherwise. */
export interface ImageScript {
  /** Not there until it has been pulled. */
  readonly absent?: boolean
  readonly pullMs?: number
  /** Pulling it fails with this text. */
  readonly pullError?: string
  readonly sizeBytes?: number
  /** The user it says it runs as. Default root. */
  readonly user?: number
}

/** The pod that a script is asked for. */
export interface SimulatedPod {
  readonly name: string
  readonly namespace: string
  readonly uid: string
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
  /** How many sandboxes it had before. */
  readonly attempt: number
}

/** What pods and images do in a simulated runtime. Where it says nothing, a pod's annotation may; otherwise all goes well, at once. */
export interface Script {
  pod?(pod: SimulatedPod): PodScript | undefined
  image?(name: string): ImageScript | undefined
}

/** A pod's own script, as JSON of a PodScript. */
export const SCRIPT_ANNOTATION = 'skiff.simulated/script'

/** The script of a pod: what `script` says, else its annotation. An annotation that is no JSON fails the sandbox, saying so. */
export function podScript(script: Script, pod: SimulatedPod): PodScript {
  const said = script.pod?.(pod)
  if (said) return said
  const annotation = pod.annotations[SCRIPT_ANNOTATION]
  if (annotation === undefined) return {}
  try {
    return JSON.parse(annotation) as PodScript
  } catch (error) {
    return { sandboxError: `annotation ${SCRIPT_ANNOTATION}: ${String(error)}` }
  }
}

/** What a container does at its start number `attempt`, from 0. */
export function containerScript({ containers = {} }: PodScript, name: string, attempt: number): ContainerScript {
  const said = containers[name] ?? containers['*'] ?? {}
  return isList(said) ? (said[Math.min(attempt, said.length - 1)] ?? {}) : said
}

function isList(said: ContainerScript | readonly ContainerScript[]): said is readonly ContainerScript[] {
  return Array.isArray(said)
}

/** The script of an image. A registry that cannot exist (RFC 2606) has none. */
export function imageScript(script: Script, name: string): ImageScript {
  const said = script.image?.(name)
  if (said) return said
  const [registry = ''] = name.split('/')
  if (!/\.invalid(:\d+)?$/.test(registry)) return {}
  return { absent: true, pullError: `failed to resolve reference ${JSON.stringify(name)}: ${registry} is not found` }
}

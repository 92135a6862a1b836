import type { Frozen, KubeObject } from '../../apimachinery/meta.ts'
import { flowSchemas } from '../../api/flowcontrol/v1/flowschema.ts'
import { MANDATORY_FLOW_SCHEMAS, MANDATORY_PRIORITY_LEVELS } from '../../api/flowcontrol/v1/mandatory.ts'
import { priorityLevelConfigurations } from '../../api/flowcontrol/v1/prioritylevelconfiguration.ts'
import type { ResourceDefinition } from '../../apimachinery/resource.ts'
import type { FlowSchema, PriorityLevelConfiguration } from '../../api/generated/types/flowcontrol/v1.ts'
import type { Timer } from '../../lib/clock.ts'
import type { Env } from '../../lib/env.ts'
import { flowSchemas as wantedSchemas, priorityLevels as wantedLevels } from '../bootstrap/flow-control.ts'
import type { LocalRequest, LocalResponse } from '../inprocess/handle.ts'
import type { Mirror } from '../mirror/mirror.ts'
import { danglingCondition } from './dangling.ts'
import { PRODUCER } from './producer.ts'
import { isLeftOver, revised } from './revise.ts'

const CONSUMER = 'api-priority-and-fairness-config-consumer-v1'
/** How long what every cluster has may be other than it should be: upstream looks every minute. */
const MEND_MS = 60_000
/** Servers that do not agree about a FlowSchema write its status no oftener in a minute. */
const MOST_UPDATES = 6
const MINUTE_MS = 60_000

export interface MaintenanceOptions {
  readonly env: Env
  readonly schemas: Mirror<FlowSchema>
  readonly levels: Mirror<PriorityLevelConfiguration>
  /** Whether there is a priority level of this name. Without it nobody says so in a FlowSchema's status. */
  readonly exists?: (level: string) => boolean
  /** As the server itself. */
  send(request: Repair): Promise<LocalResponse>
}

/** A write of the server's own. */
export interface Repair extends LocalRequest {
  readonly method: 'DELETE' | 'PATCH' | 'POST' | 'PUT'
}

/** Keeps the objects that configure flow control: their status, and those that every cluster has. */
export class FlowMaintenance {
  readonly #options: MaintenanceOptions
  readonly #updates = new Map<string, number[]>()
  #running: Promise<void> | undefined
  #again = false
  #timer: Timer | undefined
  #stopped = false

  constructor(options: MaintenanceOptions) {
    this.#options = options
  }

  /** Resolves when all is as it should be. To be called when the server answers. */
  async start(): Promise<void> {
    const { schemas, levels } = this.#options
    await this.#mend()
    await this.#settle()
    const changed = (): void => {
      void this.#settle()
      this.#mendLater()
    }
    schemas.onChange(changed)
    levels.onChange(changed)
  }

  stop(): void {
    this.#stopped = true
    this.#timer?.cancel()
  }

  /** Writes the conditions that are not right. Changes that come meanwhile are looked at after it. Never rejects. */
  #settle(): Promise<void> {
    this.#again = true
    return (this.#running ??= this.#writeConditions().finally(() => (this.#running = undefined)))
  }

  async #writeConditions(): Promise<void> {
    const { env, schemas, exists } = this.#options
    while (exists && this.#again && !this.#stopped) {
      this.#again = false
      const writes: Promise<void>[] = []
      for (const schema of schemas.all()) {
        const condition = danglingCondition(schema, exists, env.clock.now())
        const name = schema.metadata.name ?? ''
        if (!condition) continue
        if (this.#mayUpdate(name)) writes.push(this.#apply(name, { conditions: [condition] }))
        else env.clock.setTimer(() => void this.#settle(), (30 + 45 * env.random.next()) * 1000)
      }
      await Promise.all(writes)
    }
  }

  #mayUpdate(name: string): boolean {
    const now = this.#options.env.clock.monotonic()
    const recent = (this.#updates.get(name) ?? []).filter((at) => now - at < MINUTE_MS)
    if (recent.length >= MOST_UPDATES) return false
    this.#updates.set(name, [...recent, now])
    return true
  }

  #apply(name: string, status: object): Promise<void> {
    const { group, version, plural, kind } = flowSchemas
    return this.#send(
      {
        method: 'PATCH',
        path: `/apis/${group}/${version}/${plural}/${name}/status?fieldManager=${CONSUMER}&force=true`,
        headers: { 'content-type': 'application/apply-patch+yaml' },
        body: { apiVersion: `${group}/${version}`, kind, metadata: { name }, status },
      },
      [404],
    )
  }

  #mendLater(): void {
    if (this.#timer || this.#stopped || this.#repairs().length === 0) return
    this.#timer = this.#options.env.clock.setTimer(() => {
      this.#timer = undefined
      void this.#mend().then(() => this.#mendLater())
    }, MEND_MS)
  }

  async #mend(): Promise<void> {
    for (const repair of this.#repairs()) await this.#send(repair, [404, 409])
  }

  #repairs(): Repair[] {
    const { levels, schemas } = this.#options
    return [
      ...repairs(priorityLevelConfigurations, levels, wantedLevels(), MANDATORY_PRIORITY_LEVELS),
      ...repairs(flowSchemas, schemas, wantedSchemas(), MANDATORY_FLOW_SCHEMAS),
    ]
  }

  /** What fails is told in the log, and tried again with the next change. */
  async #send(request: Repair, fine: readonly number[]): Promise<void> {
    const headers = { 'user-agent': 'kube-apiserver/flow-control', ...request.headers }
    try {
      const { status, body } = await this.#options.send({ ...request, headers })
      if (status < 300 || fine.includes(status)) return
      this.#options.env.log.warn('flow control cannot be kept in order', { path: request.path, status, body })
    } catch (err) {
      this.#options.env.log.warn('flow control cannot be kept in order', { path: request.path, err })
    }
  }
}

/** The requests that make of what there is what should be: what is missing, what is changed, what is left over. */
function repairs<T extends KubeObject & { spec: object }>(
  definition: ResourceDefinition<T>,
  mirror: Mirror<T>,
  wanted: readonly T[],
  mandatory: ReadonlyMap<string, unknown>,
): Repair[] {
  const { group, version, plural } = definition
  const path = `/apis/${group}/${version}/${plural}`
  const manager = `?fieldManager=${PRODUCER}`
  const names = new Set(wanted.map(({ metadata }) => metadata.name ?? ''))
  const wrong = wanted.flatMap((object): Repair[] => {
    const name = object.metadata.name ?? ''
    const current = mirror.get(name)
    if (!current) return [{ method: 'POST', path: path + manager, body: object }]
    const body = revised<T>(current, { object, mandatory: mandatory.has(name) })
    return body ? [{ method: 'PUT', path: `${path}/${name}${manager}`, body: withKind(body, definition) }] : []
  })
  const left = [...mirror.all()].filter((current) => isLeftOver(current as Frozen<KubeObject>, names))
  return [
    ...wrong,
    ...left.map(({ metadata }): Repair => ({ method: 'DELETE', path: `${path}/${metadata.name ?? ''}` })),
  ]
}

function withKind<T extends KubeObject>(object: T, { group, version, kind }: ResourceDefinition<T>): T {
  return { ...object, apiVersion: `${group}/${version}`, kind }
}

import { Tracer } from '../../apiserver/tracing/tracer.ts'
import type { Env } from '../../lib/env.ts'
import type { TracingConfig } from './api-config/observability.ts'

/** What traces a server's requests, and its end. */
export interface Tracing {
  readonly tracer: Tracer
  /** Sends what waits, and ends the connection. */
  close(): Promise<void>
}

/** The modules of gRPC are loaded only by a server that traces. */
export async function startTracing(
  { endpoint, samplingRatePerMillion }: TracingConfig,
  { env, instance }: { readonly env: Env; readonly instance: string },
): Promise<Tracing> {
  const { otlpExporter } = await import('./otlp.ts')
  const exporter = otlpExporter(endpoint, { 'service.name': 'apiserver', 'service.instance.id': instance })
  const tracer = new Tracer({ env, samplingRatePerMillion, exportSpans: exporter.exportSpans })
  return {
    tracer,
    async close() {
      await tracer.close()
      exporter.close()
    },
  }
}

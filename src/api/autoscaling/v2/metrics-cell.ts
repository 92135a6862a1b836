import type { Frozen } from '../../../apimachinery/meta.ts'
import type { MetricSpec, MetricStatus, MetricTarget, MetricValueStatus } from '../../generated/types/autoscaling/v2.ts'

const SHOWN = 2

/** `cpu: 12%/80%, 3/10 (avg) + 1 more...`: what is measured over what is wanted. */
export function metricsCell(specs: readonly Frozen<MetricSpec>[], statuses: readonly Frozen<MetricStatus>[]): string {
  if (specs.length === 0) return '<none>'
  const cells = specs.map((spec, index) => metricCell(spec, statuses[index]))
  const shown = cells.slice(0, SHOWN).join(', ')
  return cells.length > SHOWN ? `${shown} + ${cells.length - SHOWN} more...` : shown
}

function metricCell(spec: Frozen<MetricSpec>, status: Frozen<MetricStatus> | undefined): string {
  switch (spec.type) {
    case 'External':
      return valueCell(spec.external?.target, status?.external?.current)
    case 'Object':
      return valueCell(spec.object?.target, status?.object?.current)
    case 'Pods':
      return `${status?.pods?.current?.averageValue ?? '<unknown>'}/${spec.pods?.target?.averageValue ?? ''}`
    case 'Resource':
      return `${spec.resource?.name ?? ''}: ${resourceCell(spec.resource?.target, status?.resource?.current)}`
    case 'ContainerResource': {
      const { name = '', target } = spec.containerResource ?? {}
      return `${name}: ${resourceCell(target, status?.containerResource?.current)}`
    }
    default:
      return '<unknown type>'
  }
}

type Target = Frozen<MetricTarget> | undefined
type Current = Frozen<MetricValueStatus> | undefined

function valueCell(target: Target, current: Current): string {
  if (target?.averageValue !== undefined) return `${current?.averageValue ?? '<unknown>'}/${target.averageValue} (avg)`
  return `${current?.value ?? '<unknown>'}/${target?.value ?? ''}`
}

function resourceCell(target: Target, current: Current): string {
  if (target?.averageValue !== undefined) return `${current?.averageValue ?? '<unknown>'}/${target.averageValue}`
  const percent = (value: number | undefined, none: string): string => (value === undefined ? none : `${value}%`)
  return `${percent(current?.averageUtilization, '<unknown>')}/${percent(target?.averageUtilization, '<auto>')}`
}

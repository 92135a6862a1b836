import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { HorizontalPodAutoscalerBehavior } from '../../api/generated/types/autoscaling/v2.ts'
import { limit, withChange, withRecommendation, type History } from './limits.ts'

const NOW = Date.parse('2024-01-01T12:00:00Z')
const scaleTargetRef = { kind: 'Deployment', name: 'web', apiVersion: 'apps/v1' }

/** `[replicas, seconds ago]` and `[change, seconds ago]`. */
function history(recommendations: [number, number][] = [], changes: [number, number][] = []): History {
  let all: History = { recommendations: [], changes: [] }
  for (const [replicas, ago] of recommendations) all = withRecommendation(all, replicas, NOW - ago * 1000)
  for (const [by, ago] of changes) all = withChange(all, by, NOW - ago * 1000)
  return all
}

function limited(
  current: number,
  desired: number,
  past: History,
  behavior?: HorizontalPodAutoscalerBehavior,
  maxReplicas = 100,
): string {
  const spec = { scaleTargetRef, maxReplicas, ...(behavior && { behavior }) }
  const { replicas, able, limited: why } = limit({ spec, minReplicas: 2, current, desired, now: NOW }, past)
  return `${replicas} ${able.reason} ${why.reason} ${why.isLimited}`
}

describe('without behavior', () => {
  const cases: [string, number, number, [number, number][], string][] = [
    ['as asked', 5, 7, [], '7 ReadyForNewScale DesiredWithinRange false'],
    ['at most twice as many', 5, 40, [], '10 ReadyForNewScale ScaleUpLimit true'],
    ['four are always allowed', 1, 40, [], '4 ReadyForNewScale ScaleUpLimit true'],
    ['not more than the maximum', 90, 120, [], '100 ReadyForNewScale TooManyReplicas true'],
    ['not fewer than the minimum', 5, 1, [], '2 ReadyForNewScale TooFewReplicas true'],
    ['the highest of five minutes', 5, 3, [[5, 299]], '5 ScaleDownStabilized DesiredWithinRange false'],
    ['older ones do not count', 5, 3, [[5, 301]], '3 ReadyForNewScale DesiredWithinRange false'],
  ]
  for (const [name, current, desired, past, expected] of cases)
    it(name, () => assert.equal(limited(current, desired, history(past)), expected))
})

describe('with behavior', () => {
  const rules = (more: object) => ({
    selectPolicy: 'Max',
    policies: [{ type: 'Percent', value: 100, periodSeconds: 15 }],
    ...more,
  })
  const up = (more: object): HorizontalPodAutoscalerBehavior => ({
    scaleUp: rules({ stabilizationWindowSeconds: 0, ...more }),
    scaleDown: rules({}),
  })
  const down = (more: object): HorizontalPodAutoscalerBehavior => ({
    scaleUp: rules({ stabilizationWindowSeconds: 0 }),
    scaleDown: rules({ stabilizationWindowSeconds: 0, ...more }),
  })
  const pods = (value: number, periodSeconds: number) => ({ type: 'Pods', value, periodSeconds })
  const percent = (value: number, periodSeconds: number) => ({ type: 'Percent', value, periodSeconds })
  const cases: [string, number, number, History, HorizontalPodAutoscalerBehavior, string][] = [
    [
      'so many pods a period',
      5,
      20,
      history(),
      up({ policies: [pods(4, 60)] }),
      '9 ReadyForNewScale ScaleUpLimit true',
    ],
    [
      'those of the period count',
      9,
      20,
      history([], [[4, 30]]),
      up({ policies: [pods(4, 60)] }),
      '9 ReadyForNewScale ScaleUpLimit true',
    ],
    [
      'those before it do not',
      9,
      20,
      history([], [[4, 61]]),
      up({ policies: [pods(4, 60)] }),
      '13 ReadyForNewScale ScaleUpLimit true',
    ],
    [
      'a percentage is rounded up',
      3,
      20,
      history(),
      up({ policies: [percent(10, 60)] }),
      '4 ReadyForNewScale ScaleUpLimit true',
    ],
    [
      'the policy of most change',
      5,
      40,
      history(),
      up({ policies: [pods(4, 60), percent(200, 60)] }),
      '15 ReadyForNewScale ScaleUpLimit true',
    ],
    [
      'or of least',
      5,
      40,
      history(),
      up({ selectPolicy: 'Min', policies: [pods(4, 60), percent(200, 60)] }),
      '9 ReadyForNewScale ScaleUpLimit true',
    ],
    ['or none', 5, 40, history(), up({ selectPolicy: 'Disabled' }), '5 ReadyForNewScale ScaleUpLimit true'],
    [
      'the lowest of a window for more',
      5,
      20,
      history([[7, 50]]),
      up({ stabilizationWindowSeconds: 60 }),
      '7 ScaleUpStabilized DesiredWithinRange false',
    ],
    [
      'fewer pods a period',
      9,
      3,
      history(),
      down({ policies: [pods(2, 60)] }),
      '7 ReadyForNewScale ScaleDownLimit true',
    ],
    [
      'fewer by a percentage',
      9,
      3,
      history(),
      down({ policies: [percent(50, 60)] }),
      '4 ReadyForNewScale ScaleDownLimit true',
    ],
    [
      'fewer, by least change',
      9,
      3,
      history(),
      down({ selectPolicy: 'Min', policies: [pods(2, 60), percent(50, 60)] }),
      '7 ReadyForNewScale ScaleDownLimit true',
    ],
    ['never fewer', 9, 3, history(), down({ selectPolicy: 'Disabled' }), '9 ReadyForNewScale ScaleDownLimit true'],
    [
      'the highest of a window for fewer',
      9,
      3,
      history([[8, 50]]),
      down({ stabilizationWindowSeconds: 60 }),
      '8 ScaleDownStabilized DesiredWithinRange false',
    ],
    [
      'five minutes where no window is named',
      9,
      3,
      history([[8, 250]]),
      up({}),
      '8 ScaleDownStabilized DesiredWithinRange false',
    ],
  ]
  for (const [name, current, desired, past, behavior, expected] of cases)
    it(name, () => assert.equal(limited(current, desired, past, behavior), expected))
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Metrics } from './metrics.ts'

test('counters, gauges and histograms are printed by name, labels in order', async () => {
  const metrics = new Metrics()
  const waves = metrics.counter({ name: 'waves_total', help: 'Waves.', labels: ['sea', 'bay'], stability: 'STABLE' })
  waves.of('north', 'b').inc()
  waves.of('north', 'a').inc(2)
  waves.of('north', 'b').inc()
  const depth = metrics.gauge({ name: 'depth', help: 'Depth.' }).of()
  depth.set(3)
  depth.dec()
  const delay = metrics.histogram({ name: 'delay_seconds', help: 'Delay.', buckets: [0, 0.1, 1] }).of()
  for (const value of [0.05, 0.1, 0.5, 7]) delay.observe(value)
  assert.equal(
    await metrics.text(),
    `# HELP delay_seconds [ALPHA] Delay.
# TYPE delay_seconds histogram
delay_seconds_bucket{le="0"} 0
delay_seconds_bucket{le="0.1"} 2
delay_seconds_bucket{le="1"} 3
delay_seconds_bucket{le="+Inf"} 4
delay_seconds_sum 7.65
delay_seconds_count 4
# HELP depth [ALPHA] Depth.
# TYPE depth gauge
depth 2
# HELP waves_total [STABLE] Waves.
# TYPE waves_total counter
waves_total{bay="a",sea="north"} 2
waves_total{bay="b",sea="north"} 2
`,
  )
})

test('values are escaped, and a metric nobody has counted is not printed', async () => {
  const metrics = new Metrics()
  const names = metrics.counter({ name: 'names_total', help: 'Names.', labels: ['name'] })
  assert.equal(await metrics.text(), '\n')
  names.of('a"b\\c\nd').inc()
  assert.match(await metrics.text(), /names_total\{name="a\\"b\\\\c\\nd"\} 1/)
  names.delete('a"b\\c\nd')
  assert.equal(await metrics.text(), '\n')
})

test('nobody can make series without end', async () => {
  const metrics = new Metrics()
  const names = metrics.counter({ name: 'names_total', help: 'Names.', labels: ['name'] })
  for (let n = 0; n < 10_100; n++) names.of(`n${n}`).inc()
  assert.match(await metrics.text(), /names_total\{name="other"\} 100\n/)
  assert.equal((await metrics.text()).split('\n').length, 10_001 + 3)
})

test('a name stands once', async () => {
  const metrics = new Metrics()
  metrics.gauge({ name: 'depth', help: 'Depth.' })
  assert.throws(() => metrics.gauge({ name: 'depth', help: 'Depth.' }), /there are two metrics named depth/)
})

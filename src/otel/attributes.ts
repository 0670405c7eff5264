import type { Labels } from '../metrics/metric.ts'
import type { OtelAttributes } from './api.ts'

const NAMES: Readonly<Record<keyof Labels, string>> = {
  cache: 'cache.name',
  family: 'cache.family',
  tier: 'cache.tier',
  result: 'cache.result',
  cause: 'cache.cause',
}

/** Returns labels as attributes of OpenTelemetry. */
export function attributesOf(labels: Labels): OtelAttributes {
  return Object.fromEntries(
    Object.entries(labels).map(([label, value]) => [NAMES[label as keyof Labels], value]),
  )
}

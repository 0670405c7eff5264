export type { Caches } from '../metrics/caches.ts'
export { register, type PrometheusRegistry, type RegisterOptions } from './register.ts'
export { metricsText } from './text.ts'

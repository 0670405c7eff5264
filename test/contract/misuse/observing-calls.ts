// The functions by which a cache is observed: exporters, loggers and the dashboard.
import { createDashboard, type DashboardOptions } from 'cachette/dashboard'
import { nestLogger, winstonLogger } from 'cachette/loggers'
import * as otel from 'cachette/otel'
import { metricsText, register } from 'cachette/prometheus'
import * as sentry from 'cachette/sentry'
import type { Call } from './cache-calls.ts'
import { none } from './arguments.ts'

const one = (): number => 1

/** The calls by the name of their function; a colon and a word tell several calls of one function apart. */
export const OBSERVING_CALLS: Readonly<Record<string, Call>> = {
  'BaseCache.on': ({ cache }, args) => cache.on(args.at('event', 'read'), args.at('listener', one))(),
  'register: a registry of metrics': ({ cache }, args) => {
    const registry = { registerMetric: one, removeSingleMetric: one }
    register(args.at('caches', [args.at('cache', cache)]), args.options('options', { registry }))()
  },
  metricsText: ({ cache }, args) => metricsText(args.at('caches', [args.at('cache', cache)])),
  'instrument: OpenTelemetry': ({ cache }, args) => {
    const instrument = { addCallback: one, removeCallback: one, record: one }
    const meter = {
      createObservableCounter: () => instrument,
      createObservableGauge: () => instrument,
      createObservableUpDownCounter: () => instrument,
      createHistogram: () => instrument,
      addBatchObservableCallback: one,
      removeBatchObservableCallback: one,
    }
    const options = {
      ...none<otel.InstrumentOptions>(['tracer', 'activeSpan', 'keys']),
      meter: meter as never,
    }
    otel.instrument(args.at('caches', [args.at('cache', cache)]), args.options('options', options))()
  },
  instrument: ({ cache }, args) => {
    const options = { sentry: { startInactiveSpan: one }, keys: undefined }
    sentry.instrument(
      args.at('caches', [args.at('cache', cache)]),
      args.options('options', options as never),
    )()
  },
  createDashboard: ({ cache }, args) => {
    const options = none<DashboardOptions>([
      'authorize',
      'basePath',
      'readOnly',
      'showValues',
      'auditors',
      'logger',
    ])
    createDashboard(args.at('caches', [args.at('cache', cache)]), args.options('options', options)).close()
  },
  nestLogger: (_, args) => nestLogger(args.at('nest', { log: one, warn: one, error: one })),
  winstonLogger: (_, args) => winstonLogger(args.at('winston', { log: one })),
}

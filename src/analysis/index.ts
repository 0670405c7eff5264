export { Analysis, analyse, type AnalysisOptions } from './analyse.ts'
export { quantile, type HistogramData } from './figures/histogram.ts'
export type {
  Advice,
  AnalysisSnapshot,
  CurveSnapshot,
  Estimate,
  FamilyCounts,
  FamilySnapshot,
  HotKeys,
} from './snapshot.ts'
export { readTrace, type Trace, type TraceRecord } from './trace/read-trace.ts'
export { simulate, type Simulated, type SimulatedPolicy } from './trace/simulate.ts'

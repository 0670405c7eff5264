export { analyse, type Analysis, type AnalysisOptions } from './analyse.ts'
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
export { mergeSnapshots } from './merge.ts'
export { readTrace, type Trace, type TraceRecord } from './trace/read-trace.ts'
export {
  recordAccesses,
  type Recording,
  type RecordingOptions,
  type RecordingResult,
  type TraceTarget,
} from './trace/record-accesses.ts'
export { simulate, type Simulated, type SimulatedPolicy } from './trace/simulate.ts'

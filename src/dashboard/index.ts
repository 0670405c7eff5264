export { createDashboard, type Dashboard } from './dashboard.ts'
export type {
  CacheFigures,
  DashboardFigures,
  FamilyFigures,
  Freshness,
  ProcessFigures,
  TimelineEvent,
} from './figures.ts'
export type { NodeRequest, NodeResponse } from './node.ts'
export type { DashboardOptions, WebRequest, WebResponse } from './options.ts'

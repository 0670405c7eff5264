// The simulator: nodes with the shipped code on simulated servers, lines and clocks (docs/simulation.md). Not published.
export type { Happening, Violation } from './judge/history.ts'
export { NO_FAULTS, type Faults } from './machine/network.ts'
export { FAULT_MIXES } from './world/mixes.ts'
export type { Rewiring, Versioned } from './world/node.ts'
export { timeline, type TimelineOptions } from './world/timeline.ts'
export type { Change, Traffic } from './world/traffic.ts'
export { World, type WorldOptions, type WorldReport } from './world/world.ts'

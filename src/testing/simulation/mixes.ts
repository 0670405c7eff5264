import { NO_FAULTS, type Faults } from './network.ts'

const LOSSY: Faults = {
  ...NO_FAULTS,
  requestLoss: 0.02,
  replyLoss: 0.02,
  messageLoss: 0.05,
  messageDuplication: 0.05,
  pause: 0.03,
  pauseMs: [5, 400],
}

const PROMOTION = {
  replicas: 2,
  replicaLagMs: [0.2, 40],
  replicaStall: 0.05,
  replicaStallMs: [50, 300],
  promotionsPerSecond: 1,
  reconnectMs: [1, 300],
} as const

const PROMOTIONS: Faults = { ...NO_FAULTS, ...PROMOTION }

/** The mixes of faults that the protocol is judged under. */
export const FAULT_MIXES: Readonly<Record<string, Faults>> = {
  none: NO_FAULTS,
  'slow lines': { ...NO_FAULTS, pause: 0.1, pauseMs: [5, 400] },
  'uneven lines': { ...NO_FAULTS, pause: 0.3, pauseMs: [2, 50] },
  'lost messages': {
    ...NO_FAULTS,
    messageLoss: 0.3,
    messageDuplication: 0.1,
    pause: 0.03,
    pauseMs: [5, 200],
  },
  'lost requests and replies': {
    ...NO_FAULTS,
    requestLoss: 0.05,
    replyLoss: 0.05,
    pause: 0.03,
    pauseMs: [5, 200],
  },
  'repeated requests': { ...LOSSY, requestDuplication: 0.1, pause: 0.1 },
  evictions: { ...LOSSY, evictionsPerSecond: 30 },
  'evicted side keys': { ...LOSSY, sideEvictionsPerSecond: 60 },
  'stopped processes': { ...NO_FAULTS, stopsPerSecond: 4, stopMs: [20, 900], pause: 0.03, pauseMs: [5, 200] },
  'suspended machines': {
    ...NO_FAULTS,
    suspensionsPerSecond: 4,
    suspensionMs: [20, 900],
    cutMs: [0, 500],
    pause: 0.03,
    pauseMs: [5, 200],
  },
  'wall clocks set ahead': {
    ...NO_FAULTS,
    jumpsPerSecond: 4,
    jumpMs: [20, 86_400_000],
    messageLoss: 0.1,
    cutsPerSecond: 1,
    cutMs: [50, 800],
    pause: 0.03,
    pauseMs: [5, 200],
  },
  'cut lines': { ...LOSSY, cutsPerSecond: 2, cutMs: [50, 1_200] },
  outages: { ...LOSSY, outagesPerSecond: 1, outageMs: [50, 1_200] },
  deaths: { ...LOSSY, deathsPerSecond: 3 },
  'deaf subscribers': {
    ...NO_FAULTS,
    deafnessPerSecond: 3,
    deafMs: [50, 1_000],
    pause: 0.03,
    pauseMs: [5, 200],
  },
  everything: {
    ...LOSSY,
    evictionsPerSecond: 10,
    cutsPerSecond: 1,
    cutMs: [50, 800],
    outagesPerSecond: 0.3,
    outageMs: [50, 800],
    deathsPerSecond: 1,
    deafnessPerSecond: 1,
    deafMs: [50, 800],
    stopsPerSecond: 1,
    stopMs: [20, 600],
  },
  promotions: PROMOTIONS,
  'promotions under split brain': { ...PROMOTIONS, splitBrain: 1, replicaStall: 0.1 },
  'restarts with nothing': { ...NO_FAULTS, restartsPerSecond: 1, reconnectMs: [1, 200] },
  'restarts from a snapshot': {
    ...NO_FAULTS,
    replicas: 1,
    rollbacksPerSecond: 1,
    rollbackMs: [50, 1_000],
    reconnectMs: [1, 200],
  },
  'every failover': {
    ...LOSSY,
    ...PROMOTION,
    splitBrain: 0.5,
    evictionsPerSecond: 5,
    restartsPerSecond: 0.2,
    rollbacksPerSecond: 0.3,
    rollbackMs: [50, 1_000],
    deafnessPerSecond: 1,
    deafMs: [50, 800],
  },
}

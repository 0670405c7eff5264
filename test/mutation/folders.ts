/** The quick tests that play the code of a folder of src. */
export const TESTS: Readonly<Record<string, readonly string[]>> = {
  core: [
    'test/unit/core/*',
    'test/contract/{counters,explain,milliseconds,observing,past-deadline,trouble}',
    'test/unit/loading/close',
  ],
  loading: [
    'test/unit/loading/**/*',
    'test/contract/{grace,observing,trouble}',
    'test/unit/scope/request-scope',
    'test/unit/audit/auditor',
  ],
  memory: [
    'test/unit/memory/*',
    'test/contract/{counters,grace,kinds,row-versions}',
    'test/contract/conformance/*',
  ],
  coherence: [
    'test/unit/coherence/*',
    'test/system/histories/**/*',
    'test/unit/tiered/*',
    'test/contract/trouble',
  ],
}

/** The least score of a folder, in per cent. */
export const LEAST: Readonly<Record<string, number>> = { core: 85, loading: 85, memory: 80, coherence: 80 }

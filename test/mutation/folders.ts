/** The quick tests that play the code of a folder of src. */
export const TESTS: Readonly<Record<string, readonly string[]>> = {
  core: [
    'test/core/*',
    'test/contract/{counters,explain,milliseconds,observing,past-deadline,trouble}',
    'test/loading/close',
  ],
  loading: [
    'test/loading/**/*',
    'test/contract/{grace,observing,trouble}',
    'test/scope/request-scope',
    'test/audit/auditor',
  ],
  memory: ['test/memory/*', 'test/contract/{counters,grace,kinds,row-versions}', 'test/conformance/*'],
  coherence: ['test/coherence/*', 'test/histories/**/*', 'test/tiered/*', 'test/contract/trouble'],
}

/** The least score of a folder, in per cent. */
export const LEAST: Readonly<Record<string, number>> = { core: 85, loading: 85, memory: 80, coherence: 80 }

// The differences between the engines that are meant, each with its reason. docs/contract.md has the same table.

/** A difference that is meant. */
export interface Listed {
  readonly name: string
  readonly reason: string
  readonly methods: readonly string[]
  readonly isOfFigures?: boolean
  /** Methods, one of which was called, for figures. */
  readonly calls?: readonly string[]
  /** The answer without what may differ. */
  same(answer: string): string
}

export const LISTED: readonly Listed[] = [
  {
    name: 'loads, where several keys were loaded with one call',
    reason: 'as of the calls of their loader',
    methods: [],
    isOfFigures: true,
    calls: ['getOrSetMany'],
    same: (figures) => figures.replace(/ loads: \d+,/, ''),
  },
  {
    name: 'hidden entries in the count of a prefix',
    reason:
      'a server removes by name and reads no entry, so that it counts those which an invalidated tag hides, too',
    methods: ['deleteByPrefix'],
    same: () => 'a count',
  },
  {
    name: 'invalidations, where a prefix was removed',
    reason: 'as of the count of a prefix',
    methods: [],
    isOfFigures: true,
    calls: ['deleteByPrefix', 'clear'],
    same: (figures) => figures.replace(/ invalidations: \d+,/, ''),
  },
  {
    name: 'outcome on the server',
    reason: 'there is no server behind a cache in memory',
    methods: ['invalidate', 'invalidateTag'],
    same: (answer) => answer.replace('l2 none', 'l2 acked'),
  },
  {
    name: 'calls of a loader of several keys',
    reason:
      'a message of a change that was made before may reach two tiers during the load: the key it names is loaded apart',
    methods: ['getOrSetMany'],
    same: (answer) => {
      const [given, ...calls] = answer.split(', loader: loads ')
      const keys = calls.flatMap((call) => call.split(', '))
      return `${given}, loaders: ${[...new Set(keys)].toSorted().join(', ')}`
    },
  },
]

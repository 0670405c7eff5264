import type { Sample } from '../database/protocol.ts'
import { Visitor } from '../load/visitor.ts'
import type { Latest } from '../load/play.ts'

/** Asks every process for every record that was changed, and counts the answers that do not show its last version. */
export async function countOutdated(urls: readonly string[], latest: readonly Latest[]): Promise<number> {
  const visitor = new Visitor(new AbortController().signal)
  try {
    const answers = await Promise.all(
      urls.flatMap((url) =>
        latest.map(async ({ path, shown: expected }) => {
          const { shown } = await visitor.open({ url, after: [], path })
          return expected.every(({ record, version }) =>
            shown.some((one) => one.record === record && one.version >= version),
          )
        }),
      ),
    )
    return answers.filter((upToDate) => !upToDate).length
  } finally {
    visitor.close()
  }
}

/** An update, and whether Redis had to hear of it later. */
export interface SavedUpdate extends Latest {
  readonly queued: boolean
}

/** Changes a city that no load changes. */
export async function updateLast(url: string, { remote }: Sample): Promise<SavedUpdate> {
  const visitor = new Visitor(new AbortController().signal)
  try {
    const path = `/cities/${remote.at(-1)}`
    const { shown, announced } = await visitor.open({ url, after: [], path, update: { population: 1 } })
    const cities = shown.filter(({ record }) => record.startsWith('city:'))
    return { path, shown: cities, queued: announced?.queued === true }
  } finally {
    visitor.close()
  }
}

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

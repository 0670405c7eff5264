import { createAuditor } from 'cachette/audit'
import type { Auditor } from 'cachette/audit'
import type { BaseCache } from 'cachette'
import type { ForgetfulCities } from './forgetful-cities.ts'
import { HttpError } from './http-error.ts'
import type { Route } from './routes.ts'

/** The auditor of the guide, which begins when the loads are over: its loads would count among theirs. */
export class GuideAudit {
  #auditor: Auditor | undefined

  /** Begins to check the answers. `tell` is given a sentence for each wrong one. */
  begin(cache: BaseCache, tell: (sentence: string) => void): void {
    // Few visitors come now, so that a second is long enough between two loads.
    this.#auditor = createAuditor(cache, { rate: 1, showKeys: true })
    this.#auditor.on('wrong', ({ sentence }) => tell(sentence))
  }

  /** The page of the auditor, and the switch that gives it something to find. */
  routes(cities: ForgetfulCities): readonly Route[] {
    return [
      {
        method: 'GET',
        path: /^\/audit$/,
        handle: async () => {
          if (this.#auditor === undefined) throw new HttpError(404, 'the auditor begins after the loads')
          const { samples, same, late, wrong, scales, wrongKeys } = this.#auditor.report()
          return { samples, same, late, wrong, share: scales[0]?.sentence, wrongKeys }
        },
      },
      {
        method: 'PUT',
        path: /^\/forgetful\/(on|off)$/,
        handle: async ({ rest }) => {
          cities.isForgetful = rest === 'on'
          return { forgetful: cities.isForgetful }
        },
      },
    ]
  }
}

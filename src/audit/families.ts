import { FamilyFigures } from './figures.ts'

/** The most families that are told apart. The others are counted together. */
const MOST_FAMILIES = 256
/** So often may the source of a family answer differently within a moment. Then the family is left out. */
const MOST_STRIKES = 3
const RARE = 0.1

/** A family of keys under audit. */
export interface AuditedFamily {
  readonly name: string
  readonly figures: FamilyFigures
  /** The number of times that its source has answered differently within a moment. */
  strikes: number
}

/** The families under audit, with their figures and those of all. */
export class AuditedFamilies {
  readonly total: FamilyFigures = new FamilyFigures()
  readonly #byName = new Map<string, AuditedFamily>()

  /** Returns the family of this name. */
  of(name: string): AuditedFamily {
    const known = this.#byName.get(name)
    if (known !== undefined) return known
    if (name !== 'other' && this.#byName.size >= MOST_FAMILIES) return this.of('other')
    const family = { name, figures: new FamilyFigures(), strikes: 0 }
    this.#byName.set(name, family)
    return family
  }

  /** All families, in the order of their first sample. */
  get all(): readonly AuditedFamily[] {
    return [...this.#byName.values()]
  }

  /** Counts in a family and in the total. */
  count({ figures }: AuditedFamily, add: (figures: FamilyFigures) => void): void {
    add(figures)
    add(this.total)
  }
}

/** Whether the family is left out: not for sources that change now and then while they are asked. */
export function isLeftOut({ strikes, figures: { same, late, wrong } }: AuditedFamily): boolean {
  return strikes >= MOST_STRIKES && strikes >= RARE * (same + late + wrong)
}

/** The places of this node's changes in the order in which they were sent, and which of them are under way. */
export class CallPlaces {
  readonly #underWay = new Set<number>()
  /** The last place that was given. */
  last = 0

  /** A change is sent: its place. */
  begin(): number {
    const place = ++this.last
    this.#underWay.add(place)
    return place
  }

  /** It was answered, or never will be. */
  end(place: number): void {
    this.#underWay.delete(place)
  }

  /** The first place that is under way; `Infinity` = none is. */
  get oldest(): number {
    for (const place of this.#underWay) return place
    return Infinity
  }
}

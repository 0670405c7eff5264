/**
 * Doubly linked lists over small integers. Several lists share an array, and a number is in at most one list at a time.
 * Numbers below `lists` are the lists' own ends. Members start above them.
 */
export class LinkedLists {
  readonly #lists: number
  // The next and the previous number of each number, side by side, because most changes of a list touch both.
  #links: Int32Array

  constructor(lists: number, capacity: number) {
    this.#lists = lists
    this.#links = new Int32Array(capacity * 2)
    this.clear()
  }

  /** Makes room for members below `capacity`. */
  grow(capacity: number): void {
    const links = new Int32Array(capacity * 2)
    links.set(this.#links)
    this.#links = links
  }

  /** Empties all lists. */
  clear(): void {
    for (let list = 0; list < this.#lists; list++) {
      this.#links[list * 2] = list
      this.#links[list * 2 + 1] = list
    }
  }

  /** Puts a member that is in no list before all others of a list. */
  prepend(list: number, member: number): void {
    const links = this.#links
    const first = links[list * 2]!
    links[member * 2] = first
    links[member * 2 + 1] = list
    links[first * 2 + 1] = member
    links[list * 2] = member
  }

  /** Returns the oldest member, or the list's own number if it is empty. */
  first(list: number): number {
    return this.#links[list * 2]!
  }

  /** Returns the member after another, or the list's own number at its end. */
  after(member: number): number {
    return this.#links[member * 2]!
  }

  /** Appends a member that is in no list. */
  append(list: number, member: number): void {
    const links = this.#links
    const last = links[list * 2 + 1]!
    links[last * 2] = member
    links[member * 2 + 1] = last
    links[member * 2] = list
    links[list * 2 + 1] = member
  }

  /** Takes a member out of its list. */
  remove(member: number): void {
    const links = this.#links
    const next = links[member * 2]!
    const previous = links[member * 2 + 1]!
    links[previous * 2] = next
    links[next * 2 + 1] = previous
  }
}

/**
 * Doubly linked lists over small integers: a few lists share two arrays, and a number is in at most one
 * list at a time. Numbers below `lists` are the lists' own ends; members start above them.
 */
export class LinkedLists {
  readonly #lists: number
  #next: Int32Array
  #previous: Int32Array

  constructor(lists: number, capacity: number) {
    this.#lists = lists
    this.#next = new Int32Array(capacity)
    this.#previous = new Int32Array(capacity)
    this.clear()
  }

  /** Makes room for members below `capacity`. */
  grow(capacity: number): void {
    this.#next = resized(this.#next, capacity)
    this.#previous = resized(this.#previous, capacity)
  }

  /** Empties all lists. */
  clear(): void {
    for (let list = 0; list < this.#lists; list++) {
      this.#next[list] = list
      this.#previous[list] = list
    }
  }

  /** The oldest member, or the list's own number when it is empty. */
  first(list: number): number {
    return this.#next[list]!
  }

  /** The member after another, or the list's own number at its end. */
  after(member: number): number {
    return this.#next[member]!
  }

  /** Appends a member that is in no list. */
  append(list: number, member: number): void {
    const next = this.#next
    const previous = this.#previous
    const last = previous[list]!
    next[last] = member
    previous[member] = last
    next[member] = list
    previous[list] = member
  }

  /** Takes a member out of its list. */
  remove(member: number): void {
    const next = this.#next[member]!
    const previous = this.#previous[member]!
    this.#next[previous] = next
    this.#previous[next] = previous
  }
}

function resized(array: Int32Array, length: number): Int32Array<ArrayBuffer> {
  const copy = new Int32Array(length)
  copy.set(array)
  return copy
}

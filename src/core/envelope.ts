/**
 * A stored value in which another store has put what it needs to know of it. An engine keeps it as it keeps any
 * stored value; one that looks at values (a weigher does) looks at what is inside.
 */
export abstract class Envelope {
  /** What is inside, as a reader would get it. */
  abstract view(): unknown
}

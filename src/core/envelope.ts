/**
 * A stored value to which another store has added data of its own. An engine keeps it like any stored value. A weigher
 * gets the value inside.
 */
export abstract class Envelope {
  /** Returns the value inside, as a reader would get it. */
  abstract view(): unknown
}

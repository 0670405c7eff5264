// The names that the revive tree uses beside those of typed arrays; docs/wire-format.md specifies the tree.

/** Leaves. The body holds text or null in the place of the value. */
export const leafMarks = {
  undefined: 'undefined',
  nan: 'NaN',
  infinity: 'Infinity',
  negativeInfinity: '-Infinity',
  negativeZero: '-0',
  bigint: 'BigInt',
  date: 'Date',
  url: 'URL',
  urlSearchParams: 'URLSearchParams',
  arrayBuffer: 'ArrayBuffer',
} as const

/** Marks with arguments: the first element of a list. */
export const listMarks = {
  /** `["RegExp", flags, lastIndex?]` over the source. */
  regexp: 'RegExp',
  /** `["Map", tree?]` over the list of entries. */
  map: 'Map',
  /** `["Set", tree?]` over the list of elements. */
  set: 'Set',
  /** `["null", tree?]`: an object without a prototype. */
  nullPrototype: 'null',
  /** `["sparse", length, tree?]` over an object of the elements that are no holes. */
  sparse: 'sparse',
  /** `["Error", type, tree?]` over an object of its parts. */
  error: 'Error',
  /** `["class", name, tree?]` over the data of a registered class. */
  instance: 'class',
  /** `["*", tree]`: the same tree for each element of an array. */
  each: '*',
  /** `["#", [tree, ...], digits]`: for each element a digit in base 36; 0 = none, 1 = the first tree, ... */
  chosen: '#',
  /** `["&", id, tree?]`: an object that occurs again. */
  target: '&',
  /** `["ref", id]`: the object with this id. */
  reference: 'ref',
} as const

/** The number of trees that one `#` can choose from, as many as a digit in base 36 can name. */
export const mostChoices = 35

/** The part of an error that holds its own enumerable properties. */
export const ownPropertiesName = 'properties'

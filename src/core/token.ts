/** The token of a store that belongs to one process: whoever reads there sees what is valid. */
export const NO_TOKEN = ''

/** The token of what no server has confirmed: nobody has reached it, so that whoever reads with it asks the server. */
export const UNREACHED_TOKEN = '?'

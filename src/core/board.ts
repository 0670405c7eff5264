/** A place on a server where processes put up texts for each other to read. Each author has one text at a time. */
export interface Board {
  /** Puts up a text for a while, in place of the author's text before. Never rejects. */
  put(text: string, livesMs: number): Promise<void>
  /** Takes the author's text down. Never rejects. */
  remove(): Promise<void>
  /** Returns the texts of all authors; none if the server does not answer. */
  all(): Promise<readonly string[]>
}

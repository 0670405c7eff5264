import { ClientView } from '../connection/client-view.ts'

/** A client that belongs to somebody else: to close it closes nothing. */
export class BorrowedClient extends ClientView {
  override async close(): Promise<void> {}
}

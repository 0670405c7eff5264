import { ClientView } from '../connection/client-view.ts'

/** A client that belongs to another owner, so `close` does nothing. */
export class BorrowedClient extends ClientView {
  override async close(): Promise<void> {}
}

/** The end of a connection, and whoever serves it. */

export abstract class Ending<H extends { ended(): void }> {
  /** null: there is none yet, or it is told nothing any more. */
  protected handler: H | null = null;

  /** Gives up all that the connection has. */
  protected abstract shut(): void;

  protected end(): void {
    this.#leave()?.ended();
  }

  /** The caller of send() is in the middle of something: it learns of the end when it is done. */
  protected endLater(): void {
    const handler = this.#leave();
    if (handler !== null) queueMicrotask(() => handler.ended());
  }

  /** Who is to be told of it. */
  #leave(): H | null {
    const { handler } = this;
    this.handler = null;
    this.shut();
    return handler;
  }
}

/** How many calls wait for their answers: whoever asks much must not fill the memory. */

const PER_UID_MAX = 256;
const ALL_MAX = 4096;

export class OpenCalls {
  readonly #byUid = new Map<number, number>();
  #all = 0;

  /** No more of this uid; root has no limit of its own. */
  full(uid: number): boolean {
    return this.#all >= ALL_MAX || (uid !== 0 && (this.#byUid.get(uid) ?? 0) >= PER_UID_MAX);
  }

  enter(uid: number): void {
    this.#all += 1;
    this.#byUid.set(uid, (this.#byUid.get(uid) ?? 0) + 1);
  }

  leave(uid: number): void {
    const left = (this.#byUid.get(uid) ?? 1) - 1;
    this.#all -= 1;
    if (left === 0) this.#byUid.delete(uid);
    else this.#byUid.set(uid, left);
  }
}

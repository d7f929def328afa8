import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";

/** A child process that answers each line it is sent with lines of its own. */
export class Peer {
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;
  readonly #name: string;

  constructor(name: string, command: readonly string[], env: NodeJS.ProcessEnv) {
    const [file = "", ...args] = command;
    this.#name = name;
    this.#child = spawn(file, args, { env, stdio: ["pipe", "pipe", "inherit"] });
    if (this.#child.stdout === null) throw new Error(`${name}: no output`);
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  send(line: string): void {
    this.#child.stdin?.write(`${line}\n`);
  }

  async receive(): Promise<string> {
    const next = await this.#lines.next();
    if (next.done === true) throw new Error(`${this.#name} ended without an answer`);
    return next.value;
  }

  /** Ends the peer by closing its input and waits until it is gone. */
  async end(): Promise<void> {
    const gone = new Promise((resolve) => this.#child.once("exit", resolve));
    this.#child.stdin?.end();
    if (this.#child.exitCode === null && this.#child.signalCode === null) await gone;
  }
}

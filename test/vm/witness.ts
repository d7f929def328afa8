/** The near end of the port to the witness: guest/vm/witness, which sees the machine from the inside. */

import { createConnection, type Socket } from "node:net";
import { createInterface } from "node:readline";

/** An open file of a display or input device in a process. */
export interface Held {
  readonly pid: number;
  readonly uid: number;
  readonly fd: number;
  readonly node: string;
  readonly state: string;
  readonly session: string | null;
}

/** What login1 says of a session. */
export interface SeenSession {
  readonly id: string;
  readonly path: string;
  readonly uid: number;
  readonly user: string;
  readonly seat: string;
  readonly vtnr: number;
  readonly tty: string;
  readonly type: string;
  readonly class: string;
  readonly service: string;
  readonly active: boolean;
  readonly state: string;
  readonly remote: boolean;
  readonly leader: number;
}

export interface Terminal {
  readonly mode: string;
  readonly keyboard: string;
  readonly switch: string;
  readonly uid: number;
  readonly access: string;
}

export interface Look {
  readonly vt: number;
  /** The id of seat0's active session, or empty. */
  readonly active: string;
  readonly graphical: boolean;
  readonly sessions: readonly SeenSession[];
  /** The users named in the ACL of each node that is tagged for it. */
  readonly access: Readonly<Record<string, readonly number[]>>;
  readonly held: readonly Held[];
  readonly clients: readonly { command: string; pid: number; master: boolean }[];
  readonly terminals: Readonly<Record<string, Terminal>>;
}

export interface Verdict {
  readonly findings: readonly string[];
  readonly took: number;
  readonly devices: number;
  readonly sessions: number;
}

export class Witness {
  private readonly socket: Socket;
  private readonly waiting = new Map<number, (answer: { value?: unknown; error?: string }) => void>();
  private last = 0;

  constructor(path: string) {
    this.socket = createConnection(path);
    this.socket.on("error", () => {});
    const lines = createInterface({ input: this.socket });
    // It passes on what the socket says; a machine that ends resets it.
    lines.on("error", () => {});
    lines.on("line", (line) => {
      const answer = JSON.parse(line) as { id: number; value?: unknown; error?: string };
      this.waiting.get(answer.id)?.(answer);
    });
  }

  ask<T>(what: string, details: object = {}, seconds = 120): Promise<T> {
    const id = ++this.last;
    return new Promise((resolve, reject) => {
      const silence = setTimeout(
        () => reject(new Error(`the witness has not answered ${what} within ${seconds} s`)),
        seconds * 1000,
      );
      this.waiting.set(id, ({ value, error }) => {
        clearTimeout(silence);
        this.waiting.delete(id);
        if (error === undefined) resolve(value as T);
        else reject(new Error(`the witness, asked to ${what}: ${error}`));
      });
      this.socket.write(`${JSON.stringify({ id, do: what, ...details })}\n`);
    });
  }

  look(): Promise<Look> {
    return this.ask("look");
  }

  check(patience: number, tools: boolean): Promise<Verdict> {
    return this.ask("check", { patience, tools });
  }

  /** Keeps what the process has open now; `kept` tells what can still be done with it. */
  hold(pid: number): Promise<string[]> {
    return this.ask("hold", { pid });
  }

  kept(): Promise<{ node: string; says: string }[]> {
    return this.ask("held");
  }

  drop(): Promise<void> {
    return this.ask("drop");
  }

  close(): void {
    this.socket.destroy();
  }
}

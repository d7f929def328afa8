import { Peer } from "./peer.ts";

/** What one run of the C client measured. */
export interface Run {
  readonly openNs: number[];
  readonly closeNs: number[];
  readonly wallNs: number;
}

/** The C client in client.c; the commands are described there. */
export class Client {
  readonly #peer: Peer;

  constructor(program: string, confdir: string, env: NodeJS.ProcessEnv) {
    this.#peer = new Peer("client", [program, confdir], env);
  }

  async command(line: string): Promise<Run> {
    const openNs: number[] = [];
    const closeNs: number[] = [];
    let wallNs = 0;
    this.#peer.send(line);
    for (;;) {
      const [word, first, second] = (await this.#peer.receive()).split(" ");
      if (word === "done") return { openNs, closeNs, wallNs };
      if (word === "sample") {
        openNs.push(Number(first));
        closeNs.push(Number(second));
      } else if (word === "wall") {
        wallNs = Number(first);
      } else {
        throw new Error(`client: ${line}: ${[word, first, second].join(" ")}`);
      }
    }
  }

  end(): Promise<void> {
    return this.#peer.end();
  }
}

import { Peer } from "./peer.ts";

/** The C client in caller.c; the commands are described there. */
export class Caller {
  readonly #peer: Peer;

  constructor(program: string, env: NodeJS.ProcessEnv) {
    this.#peer = new Peer("caller", [program], env);
  }

  /** The numbers that it answered, one a line. */
  async command(line: string): Promise<number[]> {
    const values: number[] = [];
    this.#peer.send(line);
    for (;;) {
      const answer = await this.#peer.receive();
      const [word, value] = answer.split(" ");
      if (word === "done") return values;
      if (word !== "sample" && word !== "sessions") throw new Error(`caller: ${line}: ${answer}`);
      values.push(Number(value));
    }
  }

  end(): Promise<void> {
    return this.#peer.end();
  }
}

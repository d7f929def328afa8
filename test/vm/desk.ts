/** A machine with a display as the person in front of it and the witness inside see it. */

import { rmSync } from "node:fs";
import { join } from "node:path";
import { Guest } from "./guest.ts";
import { type Machine, until } from "./machine.ts";
import { Picture } from "./picture.ts";
import { type Held, type Look, type SeenSession, Witness } from "./witness.ts";

/** Drawing in software under emulation takes its time, and the host is crowded. */
export const PATIENCE = 120;

export class Desk extends Guest {
  readonly witness: Witness;
  readonly manager: string;
  /** Where pictures of the screen are left, and how their names begin. */
  private readonly pictures: string;
  private tokens = 0;

  constructor(machine: Machine, manager: string, pictures: string) {
    super(machine);
    this.manager = manager;
    this.pictures = pictures;
    this.witness = new Witness(join(machine.places.scratch, "witness"));
  }

  /** Runs a command as that user, in no session. */
  as(user: string, command: string) {
    return this.machine.run(`setpriv --reuid ${user} --regid 65534 --clear-groups sh -c '${command}'`);
  }

  /** Looks until this holds of what is seen. */
  sees(what: string, holds: (look: Look) => boolean, seconds = PATIENCE): Promise<Look> {
    let last: Look | undefined;
    const summary = () =>
      last && {
        vt: last.vt,
        active: last.active,
        sessions: last.sessions.map((of) => [of.id, of.user, of.vtnr, of.state]),
        access: last.access,
        clients: last.clients,
        held: last.held.map((of) => [of.pid, of.node, of.state]),
      };
    return until(what, seconds, async () => {
      last = await this.witness.look();
      return holds(last) ? last : undefined;
    }).catch((error: Error) => {
      throw new Error(`${error.message}; last seen: ${JSON.stringify(summary())}`);
    });
  }

  /** The session of the user on that terminal, once there is one. */
  async seen(user: string, vt: number): Promise<SeenSession> {
    const here = (look: Look) => look.sessions.find((of) => of.user === user && of.vtnr === vt);
    const look = await this.sees(`a session of ${user} on tty${vt}`, (it) => here(it) !== undefined);
    return here(look) as SeenSession;
  }

  /** What the screen shows, for which this holds; the picture is kept. */
  async shows(tag: string, holds: (picture: Picture) => boolean, seconds = PATIENCE): Promise<Picture> {
    const raw = `${this.pictures}-${tag}.ppm`;
    let last = "nothing";
    try {
      return await until("the screen", seconds, async () => {
        await this.machine.screen(raw, "ppm");
        const picture = Picture.read(raw);
        last = picture.describe();
        return holds(picture) ? picture : undefined;
      });
    } catch (error) {
      throw new Error(`${(error as Error).message}: ${last}`);
    } finally {
      await this.machine.screen(`${this.pictures}-${tag}.png`);
      rmSync(raw, { force: true });
    }
  }

  /** Types a line and does not wait for its end. */
  async launch(line: string): Promise<void> {
    await this.machine.type(`${line}\n`);
  }

  pid(user: string, program: string): Promise<number> {
    return until(`${program} of ${user}`, PATIENCE, async () => {
      const { output } = await this.machine.run(`pgrep -u ${user} -x ${program}`);
      return Number(output.trim().split("\n")[0]) || undefined;
    });
  }

  /** Types a command into the terminal of a display server until it has had its effect. With the file's owner. */
  async typedInto(seconds = PATIENCE): Promise<string> {
    const file = `/tmp/typed-${++this.tokens}`;
    return until(`what is typed into the terminal to make ${file}`, seconds, async () => {
      await this.machine.type(`\ntouch ${file}\n`);
      const owner = async () => (await this.machine.run(`stat -c %U ${file}`)).output.trim();
      const there = until(file, 8, async () => (await this.exists(file)) && owner());
      return (await there.catch(() => undefined)) ?? this.focus();
    });
  }

  /** A window that has lost the focus over a switch of terminals gets it back where it is clicked. */
  private async focus(): Promise<undefined> {
    const raw = `${this.pictures}-focus.ppm`;
    await this.machine.screen(raw, "ppm");
    await this.machine.click(...(Picture.read(raw).darkSpot() ?? [0.5, 0.5]));
    rmSync(raw, { force: true });
    return undefined;
  }

  /** Presses Ctrl-Alt-Fn whatever is in front, and again if that was swallowed. */
  keys(vt: number): Promise<true> {
    let pressed = 0;
    return until(`tty${vt} in front`, 60, async () => {
      if ((await this.vtInFront()) === vt) return true;
      if (Date.now() - pressed < 8000) return undefined;
      pressed = Date.now();
      await this.machine.press("ctrl", "alt", `f${vt}`);
      return undefined;
    });
  }

  /** What the process holds of a kind of device. */
  static of(look: Look, pid: number, kind: "input" | "dri"): readonly Held[] {
    return look.held.filter((held) => held.pid === pid && held.node.startsWith(`/dev/${kind}/`));
  }

  close(): void {
    this.witness.close();
  }
}

/** What the scenarios ask of the machine, in the words of a login. */

import { type Machine, until } from "./machine.ts";

/** What sessionctl --json says of a session, as far as the scenarios look at it. */
export interface Session {
  readonly id: string;
  readonly uid: number;
  readonly user: string;
  readonly state: string;
  readonly type: string;
  readonly class: string;
  readonly service: string;
  readonly seat: string | null;
  readonly vtnr: number;
  readonly tty: string;
  readonly remote: boolean;
  readonly remoteHost: string;
  readonly leader: number;
  readonly scope: string | null;
}

/** Every wait is for something that takes a moment under emulation and a crowded host. */
const PATIENCE = 90;

export class Guest {
  readonly machine: Machine;

  constructor(machine: Machine) {
    this.machine = machine;
  }

  async sessions(): Promise<Session[]> {
    return JSON.parse(await this.machine.sh("sessionctl list --json")) as Session[];
  }

  /** The only session of the user, once there is one for which the rest holds. */
  session(user: string, holds: (session: Session) => boolean = () => true): Promise<Session> {
    return until(`a session of ${user}`, PATIENCE, async () =>
      (await this.sessions()).find((session) => session.user === user && holds(session)),
    );
  }

  async exists(path: string): Promise<boolean> {
    return (await this.machine.run(`test -e ${path}`)).status === 0;
  }

  async read(path: string): Promise<string> {
    return (await this.machine.sh(`cat ${path}`)).trim();
  }

  /** What is to be read on a virtual terminal, without the blanks behind it. */
  async text(vt: number): Promise<string> {
    const columns = `$(od -An -tu1 -j1 -N1 /dev/vcsa${vt})`;
    return (await this.machine.sh(`fold -w ${columns} /dev/vcs${vt} | sed 's/ *$//'`)).trimEnd();
  }

  async vtInFront(): Promise<number> {
    return Number((await this.read("/sys/class/tty/tty0/active")).replace("tty", ""));
  }

  /** With the keys that a person uses for it. */
  async switchTo(vt: number): Promise<void> {
    if ((await this.vtInFront()) === vt) return;
    await this.machine.press("ctrl", "alt", `f${vt}`);
    await until(`tty${vt} in front`, PATIENCE, async () => (await this.vtInFront()) === vt);
  }

  /** Waits until the last line on the terminal looks like this. */
  async prompt(vt: number, pattern: RegExp): Promise<void> {
    await until(`${pattern} on tty${vt}`, PATIENCE, async () =>
      pattern.test((await this.text(vt)).split("\n").at(-1) ?? ""),
    );
  }

  /** Types name and password at the prompt of getty; done when the shell has its prompt. */
  async logIn(user: string, vt: number): Promise<void> {
    await this.switchTo(vt);
    await this.prompt(vt, /login:$/);
    await this.machine.type(`${user}\n`);
    await this.prompt(vt, /Password:$/);
    await this.machine.type("vm\n");
    await this.prompt(vt, new RegExp(`^${user}@vm\\$$`));
  }

  /** Types at the shell in front and waits for its next prompt. */
  async typed(user: string, vt: number, script: string): Promise<string> {
    await this.machine.sh(`rm -f /tmp/typed; cat >/tmp/t <<'END'\n${script}\nEND`);
    await this.machine.type(". /tmp/t >/tmp/typed 2>&1; clear\n");
    await until("the typed command", PATIENCE, async () => {
      const lines = (await this.text(vt)).split("\n").filter((line) => line !== "");
      return lines.length === 1 && lines[0] === `${user}@vm$` && (await this.exists("/tmp/typed"));
    });
    return this.read("/tmp/typed");
  }

  /** Types exit and waits for the next prompt of getty. */
  async logOut(user: string, vt: number): Promise<void> {
    await this.switchTo(vt);
    await this.prompt(vt, new RegExp(`^${user}@vm\\$$`));
    await this.machine.type("exit\n");
    await this.prompt(vt, /login:$/);
  }

  /** Runs a command over ssh from another address. */
  ssh(user: string, command: string, seconds = PATIENCE) {
    return this.machine.run(`ssh -b 10.9.9.9 ${user}@10.9.9.9 '${command}'`, seconds);
  }

  /** Logs in over ssh with a terminal, whose end is the end of the command, and stays; returns when the session is there. */
  async stay(user: string): Promise<Session> {
    await this.machine.sh(
      `setsid ssh -tt -b 10.9.9.9 ${user}@10.9.9.9 'exec sleep 3600' >/dev/null 2>&1 </dev/null &`,
    );
    return this.session(user, (session) => session.service === "sshd" && session.state !== "opening");
  }

  /** Where cgroup v2 is mounted. */
  async cgroup(): Promise<string> {
    return (await this.machine.sh("findmnt -n -t cgroup2 -o TARGET")).trim();
  }

  sliceOf(uid: number): string {
    return `user.slice/user-${uid}.slice`;
  }

  /** Writes the configuration; sessionmand has to be told. */
  async configure(yaml: string): Promise<void> {
    await this.machine.sh(`cat >/etc/sessionman/sessionman.yaml <<'END'\n${yaml}\nEND`);
  }

  /** Boots anew the orderly way and waits for the agent of the new boot. */
  async reboot(command: string): Promise<void> {
    const boot = await this.read("/proc/sys/kernel/random/boot_id");
    await this.machine.run(`setsid ${command} >/dev/null 2>&1 </dev/null &`);
    await until("the next boot", 240, async () => {
      const { status, output } = await this.machine.run("cat /proc/sys/kernel/random/boot_id", 5);
      return status === 0 && output.trim() !== boot;
    });
  }

  async answers(): Promise<void> {
    await until(
      "an answer",
      120,
      async () => (await this.machine.run("sessionctl list --json")).status === 0,
    );
  }

  /** Ends every session the hard way, so that the next scenario finds none. */
  async clear(): Promise<void> {
    await this.machine.run("pkill -KILL -x ssh; pkill -KILL -u alice,bob,carol,dave; true");
    await until("no sessions", PATIENCE, async () => {
      await this.machine.run("pkill -KILL -u alice,bob,carol,dave; true");
      return (await this.sessions()).length === 0;
    });
  }
}

/** One virtual machine: its process, its keyboard and screen, and commands run in it. */

import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, existsSync, openSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Agent, type Outcome } from "./agent.ts";
import { type Hardware, options } from "./hardware.ts";
import { keysOf } from "./keys.ts";
import { Monitor } from "./qmp.ts";

/** Where the disk, kernel and project lie, and where sockets and logs of this run go. */
export interface Places {
  readonly image: string;
  readonly project: string;
  readonly scratch: string;
}

/** Asks again and again until the answer is not undefined or false; that is the only way to wait here. */
export async function until<T>(
  what: string,
  seconds: number,
  ask: () => Promise<T | undefined | false>,
): Promise<T> {
  const end = Date.now() + seconds * 1000;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined && answer !== false) return answer;
    if (Date.now() > end) throw new Error(`${what}: not within ${seconds} s`);
    await sleep(200);
  }
}

export class Machine {
  private readonly process: ChildProcess;
  private readonly ended: Promise<unknown>;
  readonly monitor: Monitor;
  readonly places: Places;
  private readonly agent: Agent;

  private constructor(process: ChildProcess, monitor: Monitor, agent: Agent, places: Places) {
    this.process = process;
    this.ended = new Promise((resolve) => process.once("exit", resolve));
    this.monitor = monitor;
    this.agent = agent;
    this.places = places;
  }

  /** Starts the machine; what is written to its disk is forgotten at its end. */
  static async start(places: Places, hardware: Hardware = { kind: "text" }): Promise<Machine> {
    const at = (name: string) => join(places.scratch, name);
    // Those of a machine before this one would be taken for its own.
    for (const name of ["monitor", "agent", "witness"]) rmSync(at(name), { force: true });
    const log = openSync(at("qemu.log"), "w");
    // However this process ends, the machine does not outlive it.
    const tied = ["--pdeathsig", "KILL", "qemu-system-x86_64", ...options(places, hardware)];
    const child = spawn("setpriv", tied, { stdio: ["ignore", log, log] });
    closeSync(log);
    await until("QEMU's sockets", 20, async () => {
      if (child.exitCode !== null) throw new Error(`QEMU ended: ${readFileSync(at("qemu.log"), "utf8")}`);
      return existsSync(at("monitor")) && existsSync(at("agent"));
    });
    return new Machine(child, await Monitor.connect(at("monitor")), new Agent(at("agent")), places);
  }

  run(command: string, seconds = 60): Promise<Outcome> {
    return this.agent.run(command, seconds);
  }

  /** Like run, for commands that have to succeed. */
  async sh(command: string, seconds = 60): Promise<string> {
    const { status, output } = await this.run(command, seconds);
    if (status !== 0) throw new Error(`in the machine: ${command}: status ${status}: ${output.slice(-500)}`);
    return output;
  }

  /**
   * Presses the keys in this order and lets them go. The machine is handed all of it at once: on a crowded host
   * a key that is let go a moment later has begun to repeat.
   */
  async press(...keys: string[]): Promise<void> {
    const key = (down: boolean) => (data: string) => ({
      type: "key",
      data: { down, key: { type: "qcode", data } },
    });
    const events = [...keys.map(key(true)), ...keys.toReversed().map(key(false))];
    await this.monitor.ask("input-send-event", { events });
    // The keyboard remembers some keys, not many.
    await sleep(30);
  }

  async type(text: string): Promise<void> {
    for (const character of text) await this.press(...keysOf(character));
  }

  /** Clicks there, a place as shares of the screen's width and height. */
  async click(x: number, y: number): Promise<void> {
    const send = async (...events: object[]) => {
      await this.monitor.ask("input-send-event", { events });
      await sleep(100);
    };
    const axis = (name: string, at: number) => ({
      type: "abs",
      data: { axis: name, value: Math.round(at * 32767) },
    });
    // The kernel says nothing of a place that is the same as the last one.
    for (const beside of [0.02, 0])
      await send(axis("x", Math.abs(x - beside)), axis("y", Math.abs(y - beside)));
    for (const down of [true, false]) await send({ type: "btn", data: { down, button: "left" } });
  }

  /** Plugs in or pulls out. */
  async plug(driver: string, id: string): Promise<void> {
    await this.monitor.ask("device_add", { driver, id });
  }

  async unplug(id: string): Promise<void> {
    await this.monitor.ask("device_del", { id });
  }

  /** Saves what the screen shows. */
  async screen(file: string, format: "png" | "ppm" = "png"): Promise<void> {
    await this.monitor.ask("screendump", { filename: file, format });
  }

  /** What the kernel and init wrote to the serial line. */
  serial(): string {
    return readFileSync(join(this.places.scratch, "serial.log"), "utf8");
  }

  /** Lets QEMU write down what belongs on the disk. */
  async quit(): Promise<void> {
    await this.monitor.ask("quit").catch(() => {});
    await this.ended;
    await this.end();
  }

  async end(): Promise<void> {
    this.agent.close();
    this.monitor.close();
    this.process.kill("SIGKILL");
    await this.ended;
  }
}

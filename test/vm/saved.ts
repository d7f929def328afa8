/** A machine with a display boots once; every scenario goes on from the state it then was in. */

import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { Guest } from "./guest.ts";
import type { Display } from "./hardware.ts";
import { Machine, type Places, until } from "./machine.ts";
import { Witness } from "./witness.ts";

const NAME = "org.freedesktop.login1";

/** Everything that serves a login is up, and nobody has logged in. */
async function ready(machine: Machine): Promise<void> {
  const guest = new Guest(machine);
  await until("the machine to boot", 150, async () => (await machine.run("true", 5)).status === 0);
  await until("login1 on the bus", 150, async () => {
    const { output } = await machine.run(`busctl --system --no-pager list | grep -c '^${NAME} .*[0-9]'`, 20);
    return output.trim() === "1";
  });
  await machine.sh("udevadm settle --timeout=120", 130);
  for (const vt of [1, 2, 3]) await guest.prompt(vt, /login:$/);
  await machine.sh("sync");
}

/** The witness is there from the beginning on, so that no scenario waits for its start. */
async function witness(machine: Machine): Promise<void> {
  await machine.sh("setsid python3 /vm/witness /dev/vport?p2 >/run/witness.log 2>&1 </dev/null &");
  const port = new Witness(join(machine.places.scratch, "witness"));
  await port.look();
  port.close();
}

async function save(machine: Machine, file: string): Promise<void> {
  const { monitor } = machine;
  await monitor.ask("stop");
  await monitor.ask("migrate", { uri: `exec:cat >${file}.new && mv ${file}.new ${file}` });
  await until("the machine to be saved", 300, async () => {
    const { status } = (await monitor.ask("query-migrate")) as { status?: string };
    if (status === "failed") throw new Error("the machine could not be saved");
    return status === "completed";
  });
  await machine.quit();
}

/** The display machine of this session manager, ready to be resumed. The key tells what is in it. */
export async function saved(places: Places, folder: string, manager: string, key: string): Promise<Display> {
  const base = `${manager}-${key}`;
  const [disk, state] = [join(folder, `${base}.qcow2`), join(folder, `${base}.state`)];
  if (existsSync(disk) && existsSync(state)) return { kind: "display", manager, disk, state };
  mkdirSync(folder, { recursive: true });
  for (const name of readdirSync(folder))
    if (name.startsWith(`${manager}-`)) rmSync(join(folder, name), { force: true });
  const made = () => boot(places, { kind: "display", manager, disk }, state);
  // Under emulation a kernel has been seen to hang while it boots, in programs that have nothing in common.
  await made().catch((error: Error) => {
    process.stdout.write(`      the machine did not come up, once more: ${error.message}\n`);
    return made();
  });
  return { kind: "display", manager, disk, state };
}

async function boot(places: Places, hardware: Display, state: string): Promise<void> {
  const image = join(places.image, "root.ext4");
  execFileSync("qemu-img", ["create", "-q", "-f", "qcow2", "-b", image, "-F", "raw", hardware.disk]);
  const machine = await Machine.start(places, hardware);
  try {
    await ready(machine);
    await witness(machine);
    await save(machine, state);
  } catch (error) {
    await machine.end();
    throw error;
  }
}

/** Goes on from the saved state. */
export async function resume(places: Places, display: Display): Promise<Machine> {
  const machine = await Machine.start(places, display);
  await until("the saved machine", 120, async () => {
    const { status } = (await machine.monitor.ask("query-status")) as { status: string };
    return status !== "inmigrate";
  });
  await machine.monitor.ask("cont");
  await until("an answer of the machine", 60, async () => (await machine.run("true", 5)).status === 0);
  // Its clock stood still.
  await machine.sh(`date -s @${Math.round(Date.now() / 1000)}`);
  return machine;
}

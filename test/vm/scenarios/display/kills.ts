/** SIGKILL to the login program, to the daemon and to the keeper while a display server runs. */

import type { Checks } from "../../check.ts";
import type { Desk } from "../../desk.ts";
import { until } from "../../machine.ts";
import type { Look } from "../../witness.ts";
import { answered, daemonOf, keeperOf } from "../kills.ts";
import { away, back, live, muted, starts, types } from "./server.ts";
import { WESTON } from "./weston.ts";
import { wlroots } from "./wlroots.ts";

/** Nothing that the process had of the devices is of use, whoever has it. */
async function harmless(desk: Desk, checks: Checks): Promise<void> {
  await muted(desk, checks);
  const look = await desk.sees(
    "a text terminal",
    (it) => it.terminals[1]?.mode === "text" && it.clients.length === 0,
  );
  checks.equal(look.terminals[1]?.keyboard, "unicode", "the terminal has text and keyboard again");
}

export async function killLogin(desk: Desk, checks: Checks): Promise<void> {
  const pid = await starts(desk, checks, WESTON);
  const session = await desk.seen("alice", 1);
  await desk.witness.hold(pid);
  await desk.machine.sh(`kill -KILL ${session.leader}`);
  await harmless(desk, checks);
  await desk.logIn("bob", 1);
  const bob = await desk.seen("bob", 1);
  checks.that(bob.active, "the next login there is the active session", bob);
}

/** Its devices stay open and live, it is still in control, and the next switch takes them. */
export const killDaemon = (backend: "logind" | "seatd") => async (desk: Desk, checks: Checks) => {
  const sway = wlroots("sway", backend);
  await desk.logIn("bob", 2);
  const pid = await starts(desk, checks, sway);
  const before = await daemonOf(desk);
  await desk.machine.sh(`kill -KILL ${before}`);
  const look = await desk.witness.look().catch(() => undefined);
  if (look !== undefined)
    checks.that(live(look, pid, "dri") && live(look, pid, "input"), "its devices stay live", look.held);
  await checks.comes(
    "another daemon is there",
    until("it", 60, async () => (await daemonOf(desk)) !== before),
  );
  await types(desk, checks, sway, " as before");
  await away(desk, checks, sway, pid, 2);
  await back(desk, checks, sway, pid);

  // Neither is a daemon needed to leave: the keeper mutes what is left.
  await desk.witness.hold(pid);
  await desk.machine.sh(`kill -STOP ${await daemonOf(desk)}; chvt 2`);
  const left = until("tty2 in front", 15, async () => (await desk.vtInFront()) === 2);
  await checks.must("a stopped daemon does not hold the terminal", left);
  await muted(desk, checks);
  await desk.machine.sh(`kill -CONT ${await daemonOf(desk)}`);
  await back(desk, checks, sway, pid);
};

/**
 * Nothing takes back what elogind had given away, and nothing but its own memory tells it whose the access lists were.
 * That the checks see it shows that they would see it of sessionman.
 */
export async function killElogind(desk: Desk, checks: Checks): Promise<void> {
  await desk.logIn("bob", 2);
  const pid = await starts(desk, checks, wlroots("sway", "logind"));
  const bob = await desk.seen("bob", 2);
  await desk.witness.hold(pid);
  await desk.machine.sh("pkill -KILL -x elogind-daemon; /etc/init.d/elogind start; chvt 2");
  const front = desk.sees("bob in front", (look) => look.active === bob.id);
  await checks.must("elogind is there again, and bob in front", front);
  const live = (await desk.witness.kept()).filter(({ says }) => says !== "muted" && says !== "ENODEV");
  const kinds = new Set(live.map(({ node }) => node.split("/")[2]));
  checks.equal([...kinds].sort(), ["dri", "input"], "elogind differs: who left can use display and keyboard");
  await desk.witness.drop();
  const { findings } = await desk.witness.check(5, false);
  const rules = ["I3", "I7", "I8"].filter((rule) => findings.some((it) => it.startsWith(rule)));
  checks.equal(rules, ["I3", "I7", "I8"], "the witness finds that, and access lists for both of them, amiss");
  await desk.machine.sh(`kill -KILL ${pid}`);
  for (const vt of [1, 2]) await checks.must(`Ctrl-Alt-F${vt} brings tty${vt} to the front`, desk.keys(vt));
}

/**
 * What the keeper held is lost. Before there is another, nobody has anything of use, and the terminals are as if no
 * display server had ever been there. Who had devices is gone before anybody is active again.
 */
export async function killKeeper(desk: Desk, checks: Checks): Promise<void> {
  const before = (await desk.witness.look()).terminals;
  const sway = wlroots("sway", "logind", "bob", 2);
  await desk.logIn("carol", 3);
  const behind = await starts(desk, checks, WESTON);
  await desk.witness.hold(behind);
  await desk.keys(2);
  const front = await starts(desk, checks, sway);
  await muted(desk, checks);
  await desk.witness.hold(front);
  await desk.machine.sh(`kill -KILL ${await keeperOf(desk)}`);
  const ended = async () => (await desk.machine.run("pgrep -f '[s]essionmand'")).status !== 0;
  await checks.comes("without their keeper daemon and guard end", until("their end", 30, ended));
  await muted(desk, checks);
  checks.that(await desk.exists(`/proc/${front}`), "the display server in front lives on");
  await withoutKeeper(desk, checks, before);

  await desk.machine.sh("/etc/init.d/sessionmand start");
  await answered(desk, checks, "a login right after the start of the service is answered");
  await terminalsAreBack(desk, checks, before);
  const alive = async () => (await desk.exists(`/proc/${front}`)) || (await desk.exists(`/proc/${behind}`));
  const killed = until("their end", 30, async () => !(await alive()));
  await checks.comes("who had the devices is gone", killed);
  const { held } = await desk.witness.look();
  const users = held.filter(({ uid }) => uid !== 0);
  checks.equal(users, [], "and nobody has any");

  const carol = await desk.seen("carol", 3);
  await checks.must("keys switch terminals", desk.keys(3));
  const active = desk.sees("it", (it) => it.active === carol.id, 30);
  await checks.comes("the session without devices is there and active", active);
  await desk.logIn("alice", 1);
  const alice = await desk.seen("alice", 1);
  checks.that(alice.active, "and who was killed can log in again", alice);
}

const LOOK = `import json, invariants, system
print(json.dumps({"held": [vars(held) for held in system.holdings()], "clients": system.display_clients(),
  "terminals": {vt: system.terminal(vt) for vt in invariants.TERMINALS}}))`;

/** What can be known while there is no session manager. */
async function kernel(desk: Desk): Promise<Pick<Look, "held" | "clients" | "terminals">> {
  return JSON.parse(await desk.machine.sh(`cd /vm/witness && python3 -B -c '${LOOK}'`));
}

/** This init does not start it again: there is time to switch to another terminal and to work there. */
async function withoutKeeper(desk: Desk, checks: Checks, before: Look["terminals"]): Promise<void> {
  const { held, clients, terminals } = await kernel(desk);
  const of = held.filter(({ uid, state }) => uid !== 0 && state === "live");
  checks.equal(of, [], "nothing that anybody has is live");
  checks.that(
    clients.every(({ master }) => !master),
    "the kernel knows no master of the display",
    clients,
  );
  checks.that(areBack(terminals, before), "text and keyboard of the terminals are back", terminals);
  await checks.must("keys leave the terminal of the display server", desk.keys(3));
  const said = await checks.comes("the shell there takes commands", desk.typed("carol", 3, "id -un"));
  if (said !== undefined) checks.equal(said.split("\n")[0], "carol", "of its user");
  await checks.must("and keys leave it, too", desk.keys(1));
}

/** Text, keyboard and who decides on switches of the terminals that had display servers; and they are root's. */
async function terminalsAreBack(desk: Desk, checks: Checks, before: Look["terminals"]): Promise<void> {
  const back = desk.sees("the terminals", ({ terminals, clients }) => {
    const ofRoot = terminals[1]?.uid === 0 && terminals[2]?.uid === 0;
    return clients.length === 0 && ofRoot && areBack(terminals, before);
  });
  await checks.comes("text and keyboard of the terminals are back, and they belong to root", back);
}

function areBack(now: Look["terminals"], before: Look["terminals"]): boolean {
  return [1, 2].every(
    (vt) =>
      now[vt]?.mode === before[vt]?.mode &&
      now[vt]?.keyboard === before[vt]?.keyboard &&
      now[vt]?.switch === before[vt]?.switch,
  );
}

/** What every display server has to be able to do as a plain user, and what must be as before after its end. */

import type { Checks } from "../../check.ts";
import { Desk } from "../../desk.ts";
import { until } from "../../machine.ts";
import type { Look } from "../../witness.ts";

export interface Server {
  readonly program: string;
  readonly user: string;
  readonly vt: number;
  /** What is typed at the shell. */
  readonly line: string;
  /** What most of its screen is filled with. */
  readonly colour: string;
  /** The type that its session has then, if that is known. */
  readonly type?: string;
}

export const COLOUR = "335577";

/** Logs in, starts it and waits until it draws. With its process id. */
export async function starts(desk: Desk, checks: Checks, server: Server): Promise<number> {
  await desk.logIn(server.user, server.vt);
  const session = await desk.seen(server.user, server.vt);
  await desk.launch(server.line);
  const pid = await desk.pid(server.user, server.program);
  const drawing = desk.shows(`${server.program}-draws`, (it) => it.of(server.colour) > 0.3);
  await checks.must(`${server.program} of ${server.user} draws on tty${server.vt}`, drawing);
  const look = await desk
    .sees("its devices", (it) => live(it, pid, "dri") && live(it, pid, "input"))
    .catch(() => desk.witness.look());
  const status = await desk.read(`/proc/${pid}/status`);
  const plain = /^CapEff:\s0+$/m.test(status) && !/^Uid:.*\b0\b/m.test(status);
  checks.that(plain, "as a plain user without capabilities", status);
  checks.that(
    live(look, pid, "dri") && live(look, pid, "input"),
    "with the display and the keyboard",
    look.held,
  );
  // wlroots leases an empty part of its display to itself, which the kernel lists as a master, too.
  const others = look.clients.some((client) => client.master && client.pid !== pid);
  checks.that(others, "which the session manager has opened for it", look.clients);
  checks.that(look.active === session.id, "and its session is the active one", look.active);
  if (server.type !== undefined) {
    const type = look.sessions.find((of) => of.id === session.id)?.type;
    checks.equal(type, server.type, "whose type it has said");
  }
  return pid;
}

export function live(look: Look, pid: number, kind: "dri" | "input"): boolean {
  return Desk.of(look, pid, kind).some((held) => held.state === "live");
}

/** Keys reach the terminal that runs in it. */
export async function types(desk: Desk, checks: Checks, server: Server, when = ""): Promise<void> {
  const owner = await checks.comes(`its terminal receives typed keys${when}`, desk.typedInto());
  if (owner !== undefined) checks.equal(owner, server.user, "and runs as the user");
}

/** Ctrl-Alt-Fn to somebody's text terminal: nothing can be done any more with what the server has. */
export async function away(
  desk: Desk,
  checks: Checks,
  server: Server,
  pid: number,
  to: number,
): Promise<void> {
  await desk.witness.hold(pid);
  await checks.must(`Ctrl-Alt-F${to} leaves it`, desk.keys(to));
  await muted(desk, checks);
  await noMaster(desk, checks);
  const black = desk.shows(`${server.program}-away`, (it) => it.of(server.colour) < 0.05 && it.lit() < 0.3);
  await checks.comes("the text terminal is on the screen", black);
  await checks.must(
    "the display server lives on",
    until("it", 1, () => desk.exists(`/proc/${pid}`)),
  );
}

/** What was kept of its devices before the switch is dead. */
export async function muted(desk: Desk, checks: Checks): Promise<void> {
  const dead = ({ node, says }: { node: string; says: string }) =>
    says === (node.startsWith("/dev/dri/") ? "muted" : "ENODEV");
  const all = until("every descriptor", 30, async () => (await desk.witness.kept()).every(dead));
  await all.catch(() => {});
  const kept = await desk.witness.kept();
  const inputs = kept.filter(({ node }) => node.startsWith("/dev/input/"));
  checks.that(inputs.length > 0 && inputs.every(dead), "its keyboard's descriptors read ENODEV", kept);
  checks.that(
    kept.filter((it) => !inputs.includes(it)).every(dead),
    "its display's descriptor is master no more",
    kept,
  );
  await desk.witness.drop();
}

export async function noMaster(desk: Desk, checks: Checks): Promise<void> {
  const none = desk.sees("no master", (look) => look.clients.every((client) => !client.master), 30);
  await checks.comes("the kernel knows no master of the display", none);
}

/** The way back: the display is drawn and keys arrive again. */
export async function back(desk: Desk, checks: Checks, server: Server, pid: number): Promise<void> {
  const { id } = await desk.seen(server.user, server.vt);
  await checks.must(`Ctrl-Alt-F${server.vt} returns`, desk.keys(server.vt));
  const returned = desk.sees(
    "its session",
    (look) => look.active === id && live(look, pid, "dri") && live(look, pid, "input"),
    30,
  );
  await checks.must("its session is active and its devices are live again", returned);
  const drawing = desk.shows(`${server.program}-back`, (it) => it.of(server.colour) > 0.3);
  await checks.comes("it draws again", drawing);
  await types(desk, checks, server, " after the return");
}

/** After its end its terminal is as it was before. */
export async function restored(desk: Desk, checks: Checks, server: Server): Promise<void> {
  const text = desk.sees("a text terminal", (look) => {
    const terminal = look.terminals[server.vt];
    return terminal?.mode === "text" && terminal.keyboard === "unicode" && look.clients.length === 0;
  });
  await checks.comes("the terminal has text and keyboard again, and nobody the display", text);
  const black = desk.shows(`${server.program}-ended`, (it) => it.lit() < 0.3 && it.lit() > 0);
  await checks.comes("the text terminal is on the screen", black);
  const usable = await checks.comes("its shell takes commands", desk.typed(server.user, server.vt, "id -un"));
  // The shell may have something to say about what it had started.
  if (usable !== undefined) checks.equal(usable.split("\n")[0], server.user, "of the user");
}

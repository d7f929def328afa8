/** Who is in front has the devices: the seat's active session and the access lists follow every kind of switch. */

import type { Checks } from "../../check.ts";
import type { Desk } from "../../desk.ts";
import type { Look } from "../../witness.ts";

const OPEN = "exec 3<>/dev/snd/controlC0";

/** Every device of the seat is open to this user alone, or to nobody, and the seat names this session. */
function belongs(look: Look, session: string, uid: number | undefined): boolean {
  const expected = JSON.stringify(uid === undefined ? [] : [uid]);
  const lists = Object.values(look.access);
  return (
    look.active === session && lists.length > 0 && lists.every((users) => JSON.stringify(users) === expected)
  );
}

export async function access(desk: Desk, checks: Checks): Promise<void> {
  const before = await desk.witness.look();
  checks.that(before.graphical, "the seat can do graphics", before);
  const nodes = Object.keys(before.access);
  const expected = ["/dev/dri/card0", "/dev/snd/controlC0", "/dev/snd/seq"];
  checks.that(
    expected.every((node) => nodes.includes(node)),
    "the display and the sound card are for the active user",
    nodes,
  );
  checks.that(belongs(before, "", undefined), "before a login they are open to nobody", before.access);
  await desk.logIn("alice", 1);
  const alice = await desk.seen("alice", 1);
  const { uid, seat, vtnr, tty, type, class: kind, remote, active, state } = alice;
  checks.equal(
    [uid, seat, vtnr, tty, type, kind, remote, active, state],
    [1000, "seat0", 1, "tty1", "tty", "user", false, true, "active"],
    "a login typed on tty1 is the active session of seat0",
  );
  const has = (what: string, session: string, user?: number) =>
    checks.comes(
      what,
      desk.sees(what, (look) => belongs(look, session, user), 30),
    );
  await has("the devices are open to alice alone", alice.id, 1000);
  await desk.logIn("bob", 2);
  const bob = await desk.seen("bob", 2);
  await has("after bob's login on tty2 to bob alone", bob.id, 1001);
  checks.equal((await desk.seen("alice", 1)).state, "online", "alice's session is online");
  for (const [vt, session, user, name] of [
    [1, alice.id, 1000, "alice"],
    [2, bob.id, 1001, "bob"],
  ] as const) {
    await checks.must(`Ctrl-Alt-F${vt} brings tty${vt} to the front`, desk.keys(vt));
    await has(`and the devices to ${name}`, session, user);
  }
  const [byBob, byAlice] = [await desk.as("bob", OPEN), await desk.as("alice", OPEN)];
  checks.equal(
    [byBob.status === 0, byAlice.status === 0],
    [true, false],
    "bob can open the sound card, alice cannot",
  );
  await desk.keys(3);
  await has("with a terminal without session in front they are nobody's", "");
  await otherWays(desk, checks, alice.id, bob.id, has);
}

/** Over the bus, and by the end of a session. */
async function otherWays(
  desk: Desk,
  checks: Checks,
  alice: string,
  bob: string,
  has: (what: string, session: string, user?: number) => Promise<unknown>,
): Promise<void> {
  const call = (path: string, rest: string) =>
    desk.machine.sh(
      `busctl --system call org.freedesktop.login1 /org/freedesktop/login1${path} org.freedesktop.login1.${rest}`,
    );
  await call("/seat/seat0", "Seat SwitchTo u 1");
  await has("Seat.SwitchTo brings alice and her devices", alice, 1000);
  await call("", `Manager ActivateSession s ${bob}`);
  await has("ActivateSession brings bob and his", bob, 1001);
  await desk.logOut("bob", 2);
  await has("after his logout they are nobody's", "");
  const alone = (look: Look) => look.sessions.length === 1 && look.sessions[0]?.id === alice;
  await checks.comes("and alice's session is still there, alone", desk.sees("it", alone, 30));
}

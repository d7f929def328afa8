/** Names and passwords typed at getty's prompts become sessions of the seat; what is in front is active. */

import type { Checks } from "../check.ts";
import type { Guest, Session } from "../guest.ts";
import { gone } from "./gone.ts";

export async function textLogin(guest: Guest, checks: Checks): Promise<void> {
  const { machine } = guest;
  await guest.logIn("alice", 1);
  const alice = await guest.session("alice");
  const { id, uid, seat, vtnr, tty, type, remote, state } = alice;
  checks.equal(
    { uid, seat, vtnr, tty, type, class: alice.class, remote, state },
    {
      uid: 1000,
      seat: "seat0",
      vtnr: 1,
      tty: "tty1",
      type: "tty",
      class: "user",
      remote: false,
      state: "active",
    },
    "a login on tty1 is an active session of seat0 on vt 1",
  );
  await groups(guest, checks, alice);
  await environment(guest, checks, alice);
  await runtimeDirectory(guest, checks);

  await guest.logIn("bob", 2);
  const bob = await guest.session("bob");
  checks.equal(
    [bob.seat, bob.vtnr, bob.state],
    ["seat0", 2, "active"],
    "the user on the terminal in front is active",
  );
  checks.equal((await guest.session("alice")).state, "online", "the one behind it is online");
  await machine.sh("chvt 1");
  await becomes(guest, checks, "alice", "active", "after chvt 1 the first session is active");
  await becomes(guest, checks, "bob", "online", "and the second one is not");
  await guest.switchTo(2);
  await becomes(guest, checks, "bob", "active", "Ctrl-Alt-F2 makes the second one active again");

  await guest.logOut("bob", 2);
  await gone(guest, checks, bob);
  checks.equal(
    (await guest.sessions()).map((session) => session.id),
    [id],
    "the other session is still there",
  );
  await guest.logOut("alice", 1);
  await gone(guest, checks, alice);
}

async function groups(guest: Guest, checks: Checks, session: Session): Promise<void> {
  const { uid, id, leader } = session;
  const scope = `${guest.sliceOf(uid)}/session-${id}.scope`;
  checks.that(session.scope?.endsWith(scope) === true, "sessionctl names the scope", session);
  const path = await guest.read(`/proc/${leader}/cgroup`);
  checks.that(path.split("\n").includes(`0::/${scope}`), "the leader is in the session's scope", path);
  const name = await guest.read(`/proc/${leader}/comm`);
  checks.equal(name, "login", "the leader is the login program");
  const shell = (await guest.machine.sh(`pgrep -u ${uid} -x bash`)).trim();
  checks.that((await guest.read(`/proc/${shell}/cgroup`)).includes(scope), "and the shell is there, too");
}

async function environment(guest: Guest, checks: Checks, { id, user, vtnr }: Session): Promise<void> {
  const printed = await guest.typed(user, vtnr, "env | grep ^XDG_ | sort");
  const expected = [
    "XDG_RUNTIME_DIR=/run/user/1000",
    "XDG_SEAT=seat0",
    "XDG_SESSION_CLASS=user",
    `XDG_SESSION_ID=${id}`,
    "XDG_SESSION_TYPE=tty",
    "XDG_VTNR=1",
  ];
  checks.equal(printed.split("\n"), expected, "the shell has the session's environment");
  const listed = await guest.typed(
    user,
    vtnr,
    'sessionctl show --value -p id; sessionctl list --json | grep -c \\"id\\"',
  );
  checks.equal(listed.split("\n"), [id, "1"], "the user sees the session with sessionctl");
}

async function runtimeDirectory(guest: Guest, checks: Checks): Promise<void> {
  const mount = await guest.machine.sh("findmnt -n -o FSTYPE,OPTIONS /run/user/1000");
  const [type, options = ""] = mount.trim().split(/ +/);
  checks.equal(type, "tmpfs", "the runtime directory is a tmpfs");
  const found = options.split(",");
  checks.that(
    ["nosuid", "nodev", "mode=700", "uid=1000"].every((option) => found.includes(option)),
    "nosuid, nodev, 0700 and the user's",
    options,
  );
  checks.that(
    /size=\d+k/.test(options) && /nr_inodes=\d+/.test(options),
    "with limits of size and inodes",
    options,
  );
  const written = await guest.typed(
    "alice",
    1,
    "echo here >$XDG_RUNTIME_DIR/file && cat $XDG_RUNTIME_DIR/file",
  );
  checks.equal(written, "here", "the user can write to it");
}

async function becomes(
  guest: Guest,
  checks: Checks,
  user: string,
  state: string,
  claim: string,
): Promise<void> {
  await checks.comes(
    claim,
    guest.session(user, (session) => session.state === state),
  );
}

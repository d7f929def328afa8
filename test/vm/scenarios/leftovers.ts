/** What a user leaves running at logout lives on, unless kill_user_processes says otherwise. */

import type { Checks } from "../check.ts";
import type { Guest, Session } from "../guest.ts";
import { until } from "../machine.ts";
import { gone } from "./gone.ts";

/** Logs in, leaves this running, logs out. With the process id of what was left. */
async function leave(guest: Guest, user: string, vt: number, command: string): Promise<[Session, string]> {
  await guest.logIn(user, vt);
  const session = await guest.session(user);
  const pid = await guest.typed(
    user,
    vt,
    `rm -f ~/left; (setsid sh -c 'echo $$ >~/left; ${command}' >/dev/null 2>&1 </dev/null &)\n` +
      "until [ -s ~/left ]; do sleep 0.1; done; cat ~/left",
  );
  await guest.logOut(user, vt);
  return [session, pid];
}

export async function kept(guest: Guest, checks: Checks): Promise<void> {
  const [session, pid] = await leave(guest, "carol", 3, "exec sleep 3600");
  const closing = await guest.session("carol");
  checks.equal(
    [closing.id, closing.state],
    [session.id, "closing"],
    "a session with something left is closing",
  );
  checks.that(await guest.exists(`/proc/${pid}`), "and what is left lives on");
  const explained = await guest.machine.sh(`sessionctl explain ${session.id}`);
  checks.that(explained.includes(pid), "sessionctl explain names the process", explained);
  await guest.logIn("dave", 3);
  const dave = await guest.session("dave");
  checks.equal([dave.vtnr, dave.state], [3, "active"], "the terminal is free for the next user");
  await guest.logOut("dave", 3);
  await guest.machine.sh(`kill ${pid}`);
  await gone(guest, checks, session);
}

/** SIGKILL to the login program while the shell lives on. */
export async function crash(guest: Guest, checks: Checks): Promise<void> {
  await guest.logIn("alice", 2);
  const session = await guest.session("alice");
  await guest.machine.sh(`kill -KILL ${session.leader}`);
  await gone(guest, checks, session);
  await guest.prompt(2, /login:$/);
}

export async function killed(guest: Guest, checks: Checks): Promise<void> {
  await guest.configure("kill_user_processes: true\nkill_exclude_users: [dave]\nstop_timeout: 2s");
  await guest.machine.sh("/etc/init.d/sessionmand reload");
  const [session, pid] = await leave(guest, "carol", 3, 'trap "" HUP TERM; while :; do sleep 1; done');
  await gone(guest, checks, session);
  const ended = async () => !(await guest.exists(`/proc/${pid}`));
  await checks.comes("what was left is killed even if it ignores TERM", until("its end", 30, ended));
  const [, spared] = await leave(guest, "dave", 3, "exec sleep 3600");
  const closing = await guest.session("dave");
  checks.that(
    closing.state === "closing" && (await guest.exists(`/proc/${spared}`)),
    "but not of an excluded user",
    closing,
  );
  await until("TERM to have been in vain", 10, async () => {
    await guest.machine.sh("sleep 4");
    return true;
  });
  checks.that(await guest.exists(`/proc/${spared}`), "not after stop_timeout either");
  await guest.configure("");
  await guest.machine.sh("/etc/init.d/sessionmand reload");
}

/**
 * Which user services hold for a user: the backend of the service manager, and lingering. The configuration has a row
 * for all, rows for groups and rows for users.
 */

import type { Policy, Services } from "./configuration.ts";
import type { Manager, Session, User, World } from "./model.ts";

type Person = Pick<User, "uid" | "gid" | "name" | "groups">;

/** The default, then the rows of the person's groups in the order of the file, then the person's own. */
export function servicesOf(policy: Policy, person: Person): Required<Services> {
  const { services } = policy;
  const ofGroups = services.groups.filter(({ gid }) => gid === person.gid || person.groups.includes(gid));
  return Object.assign(
    {},
    services.default,
    ...ofGroups.map((group) => group.services),
    services.users.get(person.name),
  );
}

/** Absolute path of the backend; "" for a user who gets no manager. */
export function backendOf(policy: Policy, person: Person): string {
  if (person.uid === 0 && !policy.services.rootSession) return "";
  return servicesOf(policy, person).backend;
}

/** Whether the end of the last session leaves the user's manager alone. */
export function lingers(world: World, person: Person): boolean {
  const { linger } = servicesOf(world.policy, person);
  return linger === "yes" || listed(world, person);
}

/** Whether the user lingers from the start of the daemon on. A file that names somebody else counts for nobody. */
export function listed(world: World, person: Person): boolean {
  return world.lingering.get(person.uid) === person.name && servicesOf(world.policy, person).linger !== "no";
}

/** Whether the user remains without a session: the directory for a listed one, too, whose manager has failed. */
export function stays(world: World, user: User): boolean {
  return listed(world, user) || (isUp(user.manager) && lingers(world, user));
}

/** Whether a session of this class makes its user's manager start, and waits for it. */
export function wantsManager(world: World, user: User, session: Session): boolean {
  return mayHaveManager(world, user) && world.policy.services.classes.includes(session.class);
}

/** Whether a session that is not closing wants the manager. */
export function isWanted(world: World, user: User): boolean {
  return [...user.sessions].some((id) => {
    const session = world.sessions.get(id);
    return session !== undefined && session.stage.phase !== "closing" && wantsManager(world, user, session);
  });
}

/** A user of a lost record has none before the next login, or the user database, has told the group. */
export function mayHaveManager(world: World, user: User): boolean {
  return !user.guessed && backendOf(world.policy, user) !== "";
}

export function isUp(
  manager: Manager,
): manager is Extract<Manager, { state: "starting" | "ready" | "running" }> {
  return manager.state === "starting" || manager.state === "ready" || manager.state === "running";
}

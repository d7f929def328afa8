/** A Varlink client: one connection for each call, and never without a deadline. */

import { setTimeout as sleep } from "node:timers/promises";
import {
  INTERFACE,
  type Method,
  methods,
  type Parameters,
  type Reply,
  records,
} from "../control/interface.ts";
import { wrongField } from "../varlink/types.ts";
import { type Connect, connect, Lost, type Message } from "./connection.ts";
import { CommandError, EXIT, refusal } from "./failure.ts";
import { connectForDescriptors } from "./native-connection.ts";
import { printable } from "./text.ts";

/** Milliseconds. */
const ANSWER_DEADLINE = 5000;
const RETRY_PAUSE = 100;

/** Asked again when the daemon goes away in between: asking twice is the same as asking once. */
const repeatable: ReadonlySet<Method> = new Set<Method>([
  "ListSessions",
  "GetSession",
  "ListUsers",
  "GetUser",
  "GetSessionByProcess",
  "Explain",
  "GetStatus",
  "ListLinger",
  "GetUserLog",
  "SetLinger",
  "ImportEnvironment",
  "ListSeats",
  "GetSeat",
  "ActivateSession",
  "SwitchTo",
  "AttachDevice",
  "FlushDevices",
  "ExplainDevice",
]);

export interface Client {
  /** what completes the sentence "cannot …", such as "terminate session 3". */
  call<Name extends Method>(method: Name, parameters: Parameters<Name>, what: string): Promise<Reply<Name>>;
  /** As call(), for an answer that brings one descriptor, which stays open until this process ends. */
  hold<Name extends Method>(method: Name, parameters: Parameters<Name>, what: string): Promise<Reply<Name>>;
  /**
   * Calls back with each reply, without a deadline. When the daemon goes away it is called again, and its replies begin
   * anew; that there is none any more is an error.
   */
  watch<Name extends Method>(method: Name, each: (reply: Reply<Name>) => void, what: string): Promise<never>;
}

export function createClient(path: string): Client {
  return {
    async call(method, parameters, what) {
      const until = Date.now() + ANSWER_DEADLINE;
      for (;;) {
        try {
          return await exchange(connect, path, method, parameters, what, until);
        } catch (error) {
          if (!(error instanceof Lost)) throw error;
          const again = error.passing && repeatable.has(method) && Date.now() + RETRY_PAUSE < until;
          if (!again) throw unreachable(path, what, error.message);
          await sleep(RETRY_PAUSE);
        }
      }
    },
    async hold(method, parameters, what) {
      const fds: number[] = [];
      const connectHere: Connect = (...call) => connectForDescriptors(...call, fds);
      try {
        const until = Date.now() + ANSWER_DEADLINE;
        const reply = await exchange(connectHere, path, method, parameters, what, until);
        if (fds.length === 1) return reply;
      } catch (error) {
        throw error instanceof Lost ? unreachable(path, what, error.message) : error;
      }
      const why = `the daemon's answer came with ${fds.length} descriptors instead of one`;
      throw new CommandError(`cannot ${what}: ${why}`, EXIT.refused);
    },
    async watch(method, each, what) {
      let until = Date.now() + ANSWER_DEADLINE;
      for (;;) {
        let answered = false;
        const note = (reply: Reply<typeof method>): void => {
          answered = true;
          each(reply);
        };
        try {
          await follow(path, method, note, what);
        } catch (error) {
          if (!(error instanceof Lost)) throw error;
          if (answered) until = Date.now() + ANSWER_DEADLINE;
          if (!error.passing || Date.now() + RETRY_PAUSE >= until)
            throw unreachable(path, what, error.message);
          await sleep(RETRY_PAUSE);
        }
      }
    },
  };
}

function unreachable(path: string, what: string, why: string): CommandError {
  return new CommandError(`cannot ${what}: ${printable(path)}: ${why}`, EXIT.unreachable);
}

function exchange<Name extends Method>(
  connectTo: Connect,
  path: string,
  method: Name,
  parameters: object,
  what: string,
  until: number,
): Promise<Reply<Name>> {
  return new Promise((resolve, reject) => {
    const connection = connectTo(
      path,
      { method: `${INTERFACE}.${method}`, parameters },
      {
        message: (message) => {
          finish();
          settle(method, message, what, resolve, reject);
        },
        lost: (error) => {
          finish();
          reject(error);
        },
      },
    );
    const deadline = setTimeout(() => {
      finish();
      reject(unreachable(path, what, `no answer from the daemon within ${ANSWER_DEADLINE / 1000} s`));
    }, until - Date.now());
    const finish = (): void => {
      clearTimeout(deadline);
      connection.destroy();
    };
  });
}

function follow<Name extends Method>(
  path: string,
  method: Name,
  each: (reply: Reply<Name>) => void,
  what: string,
): Promise<never> {
  return new Promise((_resolve, reject) => {
    const connection = connect(
      path,
      { method: `${INTERFACE}.${method}`, parameters: {}, more: true },
      {
        message: (message) => {
          settle(method, message, what, each, (error) => {
            connection.destroy();
            reject(error);
          });
        },
        lost: reject,
      },
    );
  });
}

function settle<Name extends Method>(
  method: Name,
  message: Message,
  what: string,
  resolve: (reply: Reply<Name>) => void,
  reject: (error: Error) => void,
): void {
  const parameters = (message.parameters ?? {}) as Readonly<Record<string, unknown>>;
  if (typeof message.error === "string") return reject(refusal(what, message.error, parameters));
  const wrong = wrongField(records, methods[method].gives, parameters);
  if (wrong === null) return resolve(parameters as Reply<Name>);
  reject(new CommandError(`cannot ${what}: the daemon's answer lacks a proper "${wrong}"`, EXIT.refused));
}

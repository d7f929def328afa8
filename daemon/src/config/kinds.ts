/** The kinds of values an option can have: what is accepted, and the words for it in messages and manuals. */

import type { Scalar } from "./tree.ts";

/** What only the machine that the configuration is for can tell. */
export interface Machine {
  /** What is wrong with the backend of that name or path, in words that follow it; undefined if it can be used. */
  backendFault(backend: string): string | undefined;
}

export interface Kind<T> {
  /** Completes the sentence `"x" is not …`. */
  readonly allowed: string;
  /** The value, or undefined if the text is not one. */
  readonly read: (scalar: Scalar) => T | undefined;
  /** What to write instead, where that can be guessed. */
  readonly hint?: (scalar: Scalar) => string | undefined;
  /** Completes the sentence `"x" …` for a value of the right form that cannot be used on this machine. */
  fault?(value: T, machine: Machine): string | undefined;
  /** What such a value counts as where it is passed over. */
  readonly instead?: T;
}

/** An amount of memory that may depend on how much the machine has. */
export type Size = { readonly bytes: number } | { readonly percent: number } | "infinity";

const UNITS = new Map([
  ["", 1],
  ["K", 2 ** 10],
  ["M", 2 ** 20],
  ["G", 2 ** 30],
  ["T", 2 ** 40],
]);
const MILLISECONDS = new Map([
  ["ms", 1],
  ["s", 1000],
  ["min", 60_000],
  ["h", 3_600_000],
]);

/** Decimal digits only: Number() would also take "1e3", "0x10" and "". */
function wholeNumber(text: string, low: number, high: number): number | undefined {
  if (!/^(0|[1-9][0-9]{0,15})$/.test(text)) return undefined;
  const value = Number(text);
  return value >= low && value <= high ? value : undefined;
}

const SPOKEN_BOOLEANS = new Map([
  ["yes", "true"],
  ["on", "true"],
  ["1", "true"],
  ["true", "true"],
  ["no", "false"],
  ["off", "false"],
  ["0", "false"],
  ["false", "false"],
]);

export const boolean: Kind<boolean> = {
  allowed: "true or false",
  read: (scalar) => (scalar.type === "boolean" ? scalar.text.toLowerCase() === "true" : undefined),
  hint: (scalar) => {
    const spoken = SPOKEN_BOOLEANS.get(scalar.text.toLowerCase());
    return spoken && `write ${spoken}${spoken === scalar.text ? " without quotes" : ""}`;
  },
};

export function integer(low: number, high: number): Kind<number> {
  return {
    allowed: `a number from ${low} to ${high}`,
    read: (scalar) => wholeNumber(scalar.text, low, high),
  };
}

/** A number, or a word that stands for something else. */
export function integerOr<W extends string>(low: number, high: number, word: W): Kind<number | W> {
  return {
    allowed: `a number from ${low} to ${high} or ${word}`,
    read: (scalar) => (scalar.text === word ? word : wholeNumber(scalar.text, low, high)),
  };
}

/** In milliseconds. tooLong: why no more is allowed, where that is not plain. */
export function duration(shortest: string, longest: string, tooLong?: string): Kind<number> {
  const least = milliseconds(shortest) ?? 0;
  const most = milliseconds(longest) ?? 0;
  const within = (value: number): boolean => value >= least && value <= most;
  const examples = ["500ms", "10s", "2min"].filter((text) => within(milliseconds(text) ?? 0));
  return {
    allowed: `a time from ${shortest} to ${longest}, such as ${either(examples)}`,
    read: (scalar) => {
      const value = milliseconds(scalar.text);
      return value !== undefined && within(value) ? value : undefined;
    },
    hint: (scalar) => {
      if (/^[0-9]+$/.test(scalar.text)) return `add a unit: ${scalar.text}s`;
      return (milliseconds(scalar.text) ?? 0) > most ? tooLong : undefined;
    },
  };
}

function milliseconds(text: string): number | undefined {
  const parts = /^([0-9]+)(ms|s|min|h)$/.exec(text);
  const count = wholeNumber(parts?.[1] ?? "", 0, Number.MAX_SAFE_INTEGER);
  return count === undefined ? undefined : count * (MILLISECONDS.get(parts?.[2] ?? "") ?? Number.NaN);
}

function amount(text: string, least: number): Size | undefined {
  const parts = /^([0-9]+)([KMGT%]?)$/.exec(text);
  const count = wholeNumber(parts?.[1] ?? "", 0, Number.MAX_SAFE_INTEGER);
  if (count === undefined) return undefined;
  if (parts?.[2] === "%") return count >= 1 && count <= 100 ? { percent: count } : undefined;
  const bytes = count * (UNITS.get(parts?.[2] ?? "") ?? Number.NaN);
  return bytes >= least && Number.isSafeInteger(bytes) ? { bytes } : undefined;
}

const SIZE = "with K, M, G or T, such as 512M, or a percentage of the memory, such as 10%";

/** At least that many bytes; the percentage counts the machine's memory. */
export function size(least: number, leastText: string): Kind<Exclude<Size, "infinity">> {
  return {
    allowed: `a size of at least ${leastText} in bytes or ${SIZE}`,
    read: (scalar) => {
      const value = amount(scalar.text, least);
      return value === "infinity" ? undefined : value;
    },
  };
}

export function sizeOrInfinity(least: number, leastText: string): Kind<Size> {
  return {
    allowed: `a size of at least ${leastText} in bytes or ${SIZE}, or infinity`,
    read: (scalar) => (scalar.text === "infinity" ? "infinity" : amount(scalar.text, least)),
  };
}

/** "a, b or c" */
const either = (words: readonly string[]): string => `${words.slice(0, -1).join(", ")} or ${words.at(-1)}`;

export function oneOf<W extends string>(...words: readonly W[]): Kind<W> {
  return {
    allowed: either(words),
    read: (scalar) => words.find((word) => word === scalar.text),
    hint: ({ type, text }) => {
      const word = type === "boolean" ? (text.toLowerCase() === "true" ? "yes" : "no") : undefined;
      return words.some((known) => known === word) ? `write ${word}` : undefined;
    },
  };
}

/** Text that YAML itself takes for text: an unquoted 1000 or true is more likely a mistake than a name. */
function named(allowed: string, accepts: (text: string) => boolean): Kind<string> {
  return {
    allowed,
    read: (scalar) => (scalar.type === "text" && accepts(scalar.text) ? scalar.text : undefined),
    hint: (scalar) =>
      scalar.type === "number" || scalar.type === "boolean"
        ? `YAML reads it as a ${scalar.type}${accepts(scalar.text) ? ", put it in quotes" : ""}`
        : undefined,
  };
}

/** What NSS can hold and a log line can show. Only digits would be taken for an id by other programs. */
function isAccountName(text: string): boolean {
  return text.length <= 256 && /^[^\s\p{C}/:-][^\p{C}/:]*$/u.test(text) && !/^([0-9]+|\.\.?)$/.test(text);
}

export const userName = named("a user name (not a number)", isAccountName);
export const groupName = named("a group name (not a number)", isAccountName);

export const serviceName = named("the name of a PAM service, such as gdm-password", (text) =>
  /^[A-Za-z0-9_][A-Za-z0-9_.+@-]{0,63}$/.test(text),
);

function isAbsolutePath(text: string): boolean {
  return text.length <= 255 && /^(\/(?!\.\.?(\/|$))[^/\p{C}]+)+$/u.test(text);
}

const PATH = "an absolute path without empty, . or .. parts and without / at its end";

export const absolutePath = named(PATH, isAbsolutePath);

export function pathOr<W extends string>(word: W): Kind<string> {
  return named(`${word} or ${PATH}`, (text) => text === word || isAbsolutePath(text));
}

const LONGEST_WORD = 255;
const MOST_WORDS = 16;
const LONGEST_COMMAND = 500;
/** What stands for the terminal's name in a command. */
export const TERMINAL = "%t";

/** A number is one, too: a getty's speed. */
export const word: Kind<string> = {
  allowed: `a word of a command: at most ${LONGEST_WORD} characters, none of them a control character`,
  read: ({ text }) =>
    text.length > 0 && text.length <= LONGEST_WORD && !/\p{C}/u.test(text) ? text : undefined,
};

/** What is wrong with the words together. */
export function gettyFault(words: readonly string[]): string | undefined {
  const [program] = words;
  if (program === undefined || !isAbsolutePath(program)) return `does not begin with ${PATH}`;
  if (!words.some((each) => each.includes(TERMINAL)))
    return `has no "${TERMINAL}" in it, which stands for the terminal's name`;
  if (words.length > MOST_WORDS || words.join(" ").length > LONGEST_COMMAND)
    return `is longer than ${MOST_WORDS} words or ${LONGEST_COMMAND} characters`;
  return undefined;
}

/** Backends that come with sessionman; none is no manager at all. */
export const BACKENDS = ["dinit", "runit", "s6", "openrc"] as const;

const WORDS = ["auto", "none", ...BACKENDS];

const backendName = named(
  `${WORDS.join(", ")} or ${PATH}`,
  (text) => WORDS.includes(text) || isAbsolutePath(text),
);

export const backend: Kind<string> = {
  ...backendName,
  fault: (value, machine) => (value === "auto" || value === "none" ? undefined : machine.backendFault(value)),
  instead: "none",
};

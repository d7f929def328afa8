/** The daemon's command line, as the keeper writes it. */

export interface Arguments {
  readonly config: string;
  readonly run: string;
  /** Only check the configuration. */
  readonly check: boolean;
}

export function readArguments(words: readonly string[]): Arguments | { readonly misuse: string } {
  const given = { config: "/etc/sessionman/sessionman.yaml", run: "/run/sessionman", check: false };
  for (let i = 0; i < words.length; i++) {
    const word = words[i];
    if (word === "--check-config") {
      given.check = true;
      continue;
    }
    i += 1;
    const value = words[i];
    if (word !== "--config" && word !== "--run-dir") return { misuse: `${word} is no option of the daemon` };
    if (value === undefined || !value.startsWith("/")) return { misuse: `${word} needs an absolute path` };
    if (word === "--config") given.config = value;
    else given.run = value;
  }
  return given;
}

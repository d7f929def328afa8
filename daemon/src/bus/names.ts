/** What the bus accepts as a path, a name or a string. A wrong one that is sent makes it end our connection. */

const NAME_MAX = 255;
const SURROGATES = /\p{Surrogate}/u;
const ELEMENTS = /^[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)+$/;
const MEMBER = /^[A-Za-z_][A-Za-z0-9_]*$/;
const PATH = /^\/(?:[A-Za-z0-9_]+(?:\/[A-Za-z0-9_]+)*)?$/;

export function isObjectPath(text: string): boolean {
  return PATH.test(text);
}

/** Of an interface or an error. */
export function isInterfaceName(text: string): boolean {
  return text.length <= NAME_MAX && ELEMENTS.test(text);
}

export function isMemberName(text: string): boolean {
  return text.length <= NAME_MAX && MEMBER.test(text);
}

/** No NUL and no half of a surrogate pair, which UTF-8 cannot say. */
export function isText(text: string): boolean {
  return !text.includes("\0") && !SURROGATES.test(text);
}

/** The same text with what isText() forbids replaced. */
export function asText(text: string): string {
  return isText(text) ? text : text.replaceAll(/\p{Surrogate}|\0/gu, "\ufffd");
}

/** From a call's name and parameters to a method of ours, or to the answer that every Varlink service gives. */

import { type Call, splitMethod } from "./codec.ts";
import {
  type Failure,
  interfaceNotFound,
  invalidParameter,
  methodNotFound,
  methodNotImplemented,
} from "./errors.ts";
import {
  type FieldTypes,
  INTERFACE,
  isMethod,
  type Method,
  methods,
  type Parameters,
  wrongField,
} from "./interface.ts";
import { serviceText } from "./interface-text.ts";

const SERVICE = "org.varlink.service";
/** Longest name that an error repeats. */
const NAME_MAX = 128;

export interface Request {
  readonly method: Method;
  readonly parameters: Parameters<Method>;
}

export function resolve(call: Call): Request | Failure {
  const { interface: name, method } = splitMethod(call.method);
  if (name !== INTERFACE) return interfaceNotFound(name.slice(0, NAME_MAX));
  if (!isMethod(method)) return methodNotFound(call.method.slice(0, NAME_MAX));
  if (call.upgrade) return methodNotImplemented(call.method);
  const table = methods[method].takes;
  const wrong = findFault(table, call.parameters);
  return wrong === null
    ? { method, parameters: call.parameters as Parameters<Method> }
    : invalidParameter(wrong);
}

/** The name of the first parameter that is unknown, missing or of another type; null if all is right. */
function findFault(table: FieldTypes, parameters: Call["parameters"]): string | null {
  const unknown = Object.keys(parameters).find((name) => !Object.hasOwn(table, name));
  return unknown === undefined ? wrongField(table, parameters) : unknown.slice(0, NAME_MAX);
}

export interface Service {
  readonly interfaceText: string;
  readonly version: string;
}

/** The answer to a question about the service itself; null if the call is none. */
export function answerService(
  call: Call,
  service: Service,
): { readonly parameters: object } | Failure | null {
  const { interface: name, method } = splitMethod(call.method);
  if (name !== SERVICE) return null;
  if (method === "GetInfo") {
    const wrong = findFault({}, call.parameters);
    return wrong === null ? { parameters: info(service.version) } : invalidParameter(wrong);
  }
  if (method !== "GetInterfaceDescription") return methodNotFound(call.method.slice(0, NAME_MAX));
  const wrong = findFault({ interface: "string" }, call.parameters);
  if (wrong !== null) return invalidParameter(wrong);
  const wanted = String(call.parameters.interface);
  if (wanted === INTERFACE) return { parameters: { description: service.interfaceText } };
  if (wanted === SERVICE) return { parameters: { description: serviceText } };
  return interfaceNotFound(wanted.slice(0, NAME_MAX));
}

function info(version: string): object {
  return { vendor: "sessionman", product: "sessionman", version, url: "", interfaces: [SERVICE, INTERFACE] };
}
